# SPDX-License-Identifier: MIT
BENCH_BIN := $(addprefix $(TESTS)/bench/,calls pair load lib_floor.so lib_empty.so)

$(TESTS)/bench/%.so: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) -fPIC -shared -fno-plt -o $@ $<

$(TESTS)/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -pthread -o $@ $<

.PHONY: bench
bench: all $(BENCH_BIN)
	@tests/bench/bench.sh '$(abspath $(TESTS))' '$(abspath $(BUILD))/liblingerguard.so'
