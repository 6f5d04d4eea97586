# SPDX-License-Identifier: MIT
# How the tests are built and run.
#
#   tests/DIR/NAME.c that calls tap_main   a TAP test, linked with tests/harness/, and policy/ if it includes of it
#   tests/DIR/lib_NAME.c                   a shared object for a test, $(TESTS)/DIR/lib_NAME.so
#   any other tests/DIR/NAME.c             a program that tests start, $(TESTS)/DIR/NAME
#   tests/DIR/NAME.t                       a TAP test in shell, see tests/harness/tap.sh
#   tests/fuzz/fuzz_NAME.c                 a libFuzzer target with tests/fuzz/corpus/NAME/ and tests/fuzz/NAME.dict
#
# A C file may ask for more objects and libraries in a comment line: ` * links: shim/record/format.c -lm`; `library` is
# all of the library but its constructor.

comma := ,
TEST_DIRS := unit interpose wire servers abi command
TESTS := $(BUILD)/tests$(if $(SAN),-$(subst $(comma),-,$(SAN)))
TEST_CFLAGS := $(STD) $(WARN) $(CFLAGS) -pthread $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

# Where dlsym, forkpty and timer_create are before glibc 2.34; the library looks them up.
TEST_LIBS := -Wl,--no-as-needed -ldl -lutil -lrt

HARNESS_SRC := $(wildcard tests/harness/*.c)
TEST_C := $(wildcard $(TEST_DIRS:%=tests/%/*.c))
TEST_TAP := $(if $(TEST_C),$(shell grep -lw tap_main $(TEST_C)))
TEST_SO := $(filter-out $(TEST_TAP),$(foreach dir,$(TEST_DIRS),$(filter tests/$(dir)/lib_%,$(TEST_C))))
TEST_HELPER := $(filter-out $(TEST_TAP) $(TEST_SO),$(TEST_C))
TEST_SCRIPT := $(wildcard $(TEST_DIRS:%=tests/%/*.t) examples/*/*.t)
# FILE=WORD for each word behind `links:`.
TEST_LINKS := $(if $(TEST_C),$(shell awk '/^ \* links: / { for (i = 3; i <= NF; i++) print FILENAME "=" $$i }' $(TEST_C)))
links_of = $(patsubst library,$(filter-out shim/start/%,$(LIB_SRC)),$(patsubst $(1)=%,%,$(filter $(1)=%,$(TEST_LINKS))))

test_object = $(patsubst %.c,$(TESTS)/obj/%.o,$(1))
HARNESS_OBJ := $(call test_object,$(HARNESS_SRC))
POLICY_OBJ := $(call test_object,$(POLICY_SRC))
# Which of them include a header of the library, and so need its pure part.
TEST_USES_POLICY := $(if $(TEST_C),$(shell grep -lE '^.include "(policy|shim)/' $(TEST_C)))

TEST_TAP_BIN := $(TEST_TAP:tests/%.c=$(TESTS)/%)
TEST_HELPER_BIN := $(TEST_HELPER:tests/%.c=$(TESTS)/%)
TEST_SO_BIN := $(TEST_SO:tests/%.c=$(TESTS)/%.so)

$(TESTS)/obj/%.o: %.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(TEST_CFLAGS) $(DEPS) -c -o $@ $<

define test_program
$(1:tests/%.c=$(TESTS)/%): $(call test_object,$(1) $(filter %.c,$(call links_of,$(1)))) $(2)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(TEST_CFLAGS) -o $$@ $$^ $(filter -%,$(call links_of,$(1))) $(TEST_LIBS)
endef
policy_of = $(if $(filter $(1),$(TEST_USES_POLICY)),$(POLICY_OBJ))
$(foreach source,$(TEST_TAP),$(eval $(call test_program,$(source),$(HARNESS_OBJ) $(call policy_of,$(source)))))
$(foreach source,$(TEST_HELPER),$(eval $(call test_program,$(source),$(call policy_of,$(source)))))

$(TEST_SO_BIN): $(TESTS)/%.so: tests/%.c Makefile tests/tests.mk
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -fPIC -shared -o $@ $< $(TEST_LIBS)

# The fuzz targets with the corpus alone, by any compiler: what was found once stays found.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
REPLAY_BIN := $(FUZZ_NAMES:%=$(TESTS)/fuzz/replay_%)
FUZZ_BIN := $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz_%)
FUZZ_LINKS := $(if $(FUZZ_SRC),$(shell awk '/^ \* links: / { for (i = 3; i <= NF; i++) print FILENAME "=" $$i }' $(FUZZ_SRC)))
fuzz_links_of = $(patsubst tests/fuzz/fuzz_$(1).c=%,%,$(filter tests/fuzz/fuzz_$(1).c=%,$(FUZZ_LINKS)))
# Apart, since a static pattern rule would put the stem for the % of a filter.
fuzz_sources_of = $(filter %.c,$(call fuzz_links_of,$(1)))
REPLAY_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CC ?= clang

.SECONDEXPANSION:
$(REPLAY_BIN): $(TESTS)/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(POLICY_SRC) $$(call fuzz_sources_of,$$*) \
               $(wildcard policy/*.h shim/*/*.h shim/command/*/*.h tests/fuzz/*.h) tests/tests.mk
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(STD) $(WARN) -O1 -g $(REPLAY_SAN) -o $@ $(filter %.c,$^) $(filter -%,$(call fuzz_links_of,$*))

$(FUZZ_BIN): $(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(POLICY_SRC) $$(call fuzz_sources_of,$$*) \
             $(wildcard policy/*.h shim/*/*.h shim/command/*/*.h tests/fuzz/*.h) tests/tests.mk
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(FUZZ_CC) $(STD) $(WARN) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer -o $@ $(filter %.c,$^) $(filter -%,$(call fuzz_links_of,$*))

# With T, only what one of its words names is built and run. With RUNNER, an emulator such as
# qemu-aarch64, or FOREIGN=1, the C tests alone: scripts and sanitizers belong to this machine.
RUNNER ?=
FOREIGN ?= $(if $(RUNNER),1)
TEST_ALL := $(TEST_TAP_BIN) $(if $(FOREIGN),,$(REPLAY_BIN) $(TEST_SCRIPT))
TEST_WANTED := $(if $(T),$(foreach test,$(TEST_ALL),$(if $(strip $(foreach word,$(T),$(findstring $(word),$(test)))),$(test))),$(TEST_ALL))

# Scripts may start the programs inside C tests.
SCRIPTS_WANTED := $(filter %.t,$(TEST_WANTED))
SCRIPTS_USE := $(patsubst LG_TESTS/%,$(TESTS)/%,$(if $(SCRIPTS_WANTED),$(shell grep -oh 'LG_TESTS/[a-z]*/test_[a-z_]*' $(SCRIPTS_WANTED))))

.PHONY: test tests fuzz test-i386 test-aarch64 test-s390x
tests: $(TEST_TAP_BIN) $(TEST_HELPER_BIN) $(TEST_SO_BIN) $(REPLAY_BIN)

test: all $(sort $(filter-out %.t,$(TEST_WANTED)) $(SCRIPTS_USE)) $(TEST_HELPER_BIN) $(TEST_SO_BIN)
	@BUILD='$(abspath $(BUILD))' TESTS='$(abspath $(TESTS))' CC='$(CC)' MUST_RUN='$(MUST_RUN)' SAN='$(SAN)' \
	    $(if $(RUNNER),LG_RUNNER='$(RUNNER)') tests/run.sh $(if $(RUNNER),$(abspath $(TEST_WANTED)),$(TEST_WANTED))

# The library and the tests that need no other program, as built for other machines. qemu-user has
# no SO_COOKIE and no seccomp filters, its vfork is a fork, it does not say how small a signal stack may be, and a
# program cannot exec its own file again under another name: what is about these has nothing to say there. Where the
# byte order differs from that of this machine it also turns round the first four bytes of TCP_INFO, so that no
# socket has a state.
FOREIGN_DIRS := /unit/ /interpose/
QEMU_LACKS := $(addprefix tests/,unit/test_caller.c unit/test_closer.c unit/test_in_force.c unit/test_next.c \
    unit/test_storm_linked.c \
    $(patsubst %,interpose/test_%.c,blocked causes cost epolls evidence forks hand_over harmless pending records reload \
        reload_storm sandbox safety silence storm threads))
QEMU_LACKS_BIG_ENDIAN := $(addprefix tests/,unit/test_discard.c interpose/test_calls.c interpose/test_log.c)
QEMU_TESTS := $(patsubst tests/%.c,/%,$(filter-out $(QEMU_LACKS),$(filter $(FOREIGN_DIRS:%=tests%%),$(TEST_TAP))))
QEMU_TESTS_BIG_ENDIAN := $(filter-out $(QEMU_LACKS_BIG_ENDIAN:tests/%.c=/%),$(QEMU_TESTS))

test-i386:
	@$(MAKE) test CC=i686-linux-gnu-gcc BUILD=$(BUILD)/i386 FOREIGN=1 T='$(or $(T),$(FOREIGN_DIRS))'

test-aarch64: export QEMU_LD_PREFIX = /usr/aarch64-linux-gnu
test-aarch64:
	@$(MAKE) test CC=aarch64-linux-gnu-gcc BUILD=$(BUILD)/aarch64 RUNNER=qemu-aarch64 T='$(or $(T),$(QEMU_TESTS))'

# An emulated processor is some ten times slower.
test-aarch64 test-s390x: export TAP_SLOW = 5

test-s390x: export QEMU_LD_PREFIX = /usr/s390x-linux-gnu
test-s390x:
	@$(MAKE) test CC=s390x-linux-gnu-gcc BUILD=$(BUILD)/s390x RUNNER=qemu-s390x T='$(or $(T),$(QEMU_TESTS_BIG_ENDIAN))'

fuzz: $(FUZZ_BIN)
	@tests/fuzz.sh '$(BUILD)/fuzz' '$(FUZZ_SECONDS)' $(FUZZ_NAMES)

-include $(wildcard $(TESTS)/obj/*/*/*.d $(TESTS)/obj/*/*.d $(TESTS)/obj/*/*/*/*.d)
