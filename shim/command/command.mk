# SPDX-License-Identifier: MIT
# What check-program knows of the library: the names in its export list, as C strings, sorted.

INTERPOSED_INC := $(BUILD)/command/interposed.inc
INTERPOSED_OBJ := $(BUILD)/command/shim/command/interposed.o
EXPORTS_MAP := $(wildcard shim/exports.map)

$(INTERPOSED_INC): $(EXPORTS_MAP) shim/command/command.mk
	@mkdir -p $(@D)
	$(Q)cat $(or $(EXPORTS_MAP),/dev/null) | sed -e 's/#.*//' | tr '\n\t' '  ' | \
	    sed -e 's,/\*[^*]*\*/, ,g' -e 's/.*global://' -e 's/local:.*//' | tr -d ' ' | tr ';' '\n' | \
	    sed -n -e 's/^[A-Za-z_][A-Za-z0-9_]*$$/"&",/p' | LC_ALL=C sort -u >$@.new
ifeq ($(EXPORTS_MAP),) # until the export list is in the tree
	$(Q)for name in setsockopt close syscall dup2; do echo "\"$$name\","; done | LC_ALL=C sort >$@.new
endif
	$(Q)test -s $@.new && mv $@.new $@

$(INTERPOSED_OBJ): $(INTERPOSED_INC)
$(INTERPOSED_OBJ): STD += -I$(dir $(INTERPOSED_INC))
