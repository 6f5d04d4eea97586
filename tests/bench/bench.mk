# SPDX-License-Identifier: MIT
BENCH_BIN := $(TESTS)/bench/calls $(TESTS)/bench/lib_floor.so $(TESTS)/bench/lib_empty.so

$(TESTS)/bench/%.so: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) -fPIC -shared -fno-plt -o $@ $<

$(TESTS)/bench/calls: tests/bench/calls.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -o $@ $<

.PHONY: bench
bench: all $(BENCH_BIN)
	@tests/bench/bench.sh '$(abspath $(TESTS))' '$(abspath $(BUILD))/liblingerguard.so'
