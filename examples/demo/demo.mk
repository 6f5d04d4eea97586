# SPDX-License-Identifier: MIT
DEMO := $(BUILD)/examples/demo

$(DEMO)/%: examples/demo/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -o $@ $<

.PHONY: demo
demo: all $(DEMO)/legacy-server $(DEMO)/slow-client
	@examples/demo/demo.sh $(BUILD)/liblingerguard.so $(DEMO)

test: $(DEMO)/legacy-server $(DEMO)/slow-client
