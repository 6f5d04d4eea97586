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
