# SPDX-License-Identifier: MIT
# What check-program knows of the library: the names in its export list, as C strings, sorted.

INTERPOSED_INC := $(BUILD)/command/interposed.inc
INTERPOSED_OBJ := $(BUILD)/command/shim/command/program/interposed.o

$(INTERPOSED_INC): shim/call/exports.map shim/command/command.mk
	@mkdir -p $(@D)
	$(Q)sed -e 's/#.*//' $< | tr '\n\t' '  ' | \
	    sed -e 's,/\*[^*]*\*/, ,g' -e 's/.*global://' -e 's/local:.*//' | tr -d ' ' | tr ';' '\n' | \
	    sed -n -e 's/^[A-Za-z_][A-Za-z0-9_]*$$/"&",/p' | LC_ALL=C sort -u >$@.new
	$(Q)test -s $@.new && mv $@.new $@

$(INTERPOSED_OBJ): $(INTERPOSED_INC)
$(INTERPOSED_OBJ): STD += -I$(dir $(INTERPOSED_INC))

# A program of its own, which enable starts out of the command.
NO_LIBC := $(BUILD)/command/no_libc
PROGRAMS_OBJ := $(BUILD)/command/shim/command/preload/programs.o

$(NO_LIBC): shim/command/preload/no_libc.c shim/command/command.mk
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -nostdlib -fPIE -pie -Wl,-z,noseparate-code -Wl,--build-id=none -Wl,-z,noexecstack -s -o $@ $<

$(PROGRAMS_OBJ): $(NO_LIBC)
$(PROGRAMS_OBJ): STD += -DLG_NO_LIBC='"$(NO_LIBC)"'
