# lingerguard: decides by policy how a program may close its TCP connections.
#
#   make                build/liblingerguard.so and build/lingerguard
#   make demo           build, then show a legacy server without and with the library
#   make test           everything; what needs a missing program is skipped with its reason
#   make test T=NAME    the test files whose path contains NAME
#   make check          the unit and interposition tests: what to run while one changes things
#   make debug          the same tree for a debugger, in build/debug: -Og -g3, tests included
#   make compile_commands.json  for clangd (needs bear)
#   make bench          what it costs: instructions, system calls, memory, requests per second
#   make fuzz           libFuzzer on every parser, FUZZ_SECONDS each (needs clang)
#   make lint           compilers' warnings, formatting, shell scripts, manual pages
#   make install        into $(DESTDIR)$(PREFIX)
#   make uninstall      removes what install put there
#   make deb            a Debian package in build/
#   make dist           a tarball in build/ for machines of this kind, the same bytes wherever it is built
#   make clean          removes build/
#
# Variables: CC CFLAGS PREFIX LIBDIR BINDIR MANDIR DESTDIR; V=1 shows commands; WERROR=1 makes a warning
# an error; SAN=address,undefined builds the tests with sanitizers; BUILD=DIR builds elsewhere;
# MUST_RUN="GROUP..." (or MUST_RUN=all) turns a skip of these groups into a failure.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
DESTDIR ?=
BUILD ?= build
V ?= 0
WERROR ?= 0
SAN ?=
T ?=
MUST_RUN ?=
FUZZ_SECONDS ?= 30

VERSION := 0.1.0

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wundef -Wvla -Wwrite-strings -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough
ifeq ($(WERROR),1)
WARN += -Werror
endif
STD := -std=gnu11 -D_GNU_SOURCE -I. -DLG_VERSION='"$(VERSION)"'
# By both names, relative and absolute: BUILD may be given as either, and the objects are the same.
DEPS = -MMD -MP -MT $(patsubst $(CURDIR)/%,%,$(abspath $@)) -MT $(abspath $@)

# The library lives in programs that it does not know: no start-up of its own, no libc that it would
# insist on (errno too is asked for by a function of ours, shim/base/libc.c), no helper of the compiler
# that libc would have to provide, every address bound at load.
LIB_CFLAGS := -fPIC -fvisibility=hidden -fno-stack-protector -U_FORTIFY_SOURCE -fno-plt -ftls-model=initial-exec \
              -fno-sanitize=all -fno-lto -D__errno_location=lg_errno_location
LIB_LDFLAGS = -shared -nostdlib -Wl,-soname,liblingerguard.so -Wl,--version-script=shim/call/exports.map \
              -Wl,--sort-section=name -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--as-needed -Wl,--build-id
# The command runs anywhere, and whatever is in /etc/ld.so.preload: one file that needs no other. Where libc's archive is
# not installed it is linked as any program is.
COMMAND_CFLAGS := -fPIE
COMMAND_LDFLAGS ?= $(shell for kind in -static-pie -static; do \
    echo 'int main(void) { return 0; }' | $(CC) $(COMMAND_CFLAGS) $$kind -x c -o /dev/null - 2>/dev/null && echo $$kind && break; done)
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter aarch64%,$(MACHINE)),)
LIB_CFLAGS += -mno-outline-atomics
endif

POLICY_SRC := $(wildcard policy/*.c)
LIB_DIRS := base caller socket holder record release call start
LIB_SRC := $(wildcard $(LIB_DIRS:%=shim/%/*.c))
# Of the library, the files that say at their head that the command uses them too.
COMMAND_SRC := $(filter-out %/no_libc.c,$(wildcard shim/command/*.c shim/command/*/*.c shim/command/*/*/*.c)) shim/base/line.c shim/record/words.c

LIB_OBJ := $(patsubst %.c,$(BUILD)/lib/%.o,$(POLICY_SRC) $(LIB_SRC))
COMMAND_OBJ := $(patsubst %.c,$(BUILD)/command/%.o,$(POLICY_SRC) $(COMMAND_SRC))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n'
endif

.PHONY: all lib command
.DEFAULT_GOAL := all
all: lib command
lib: $(BUILD)/liblingerguard.so
command: $(BUILD)/lingerguard

$(BUILD)/lib/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) $(LIB_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/liblingerguard.so: $(LIB_OBJ) shim/call/exports.map
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LIB_LDFLAGS) -o $@ $(LIB_OBJ) -lgcc

$(BUILD)/command/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) $(COMMAND_CFLAGS) -DLG_LIBDIR='"$(LIBDIR)"' $(DEPS) -c -o $@ $<

$(BUILD)/lingerguard: $(COMMAND_OBJ)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(COMMAND_LDFLAGS) -o $@ $(COMMAND_OBJ)

.PHONY: check debug
check:
	@$(MAKE) test T='$(or $(T),/unit/ /interpose/)'

debug:
	@$(MAKE) BUILD=$(BUILD)/debug CFLAGS='-Og -g3' all tests

# Seen while everything is built once more, apart (package bear).
compile_commands.json: Makefile tests/tests.mk
	@bear --output $@ -- $(MAKE) BUILD=$(BUILD)/bear -B all tests

.PHONY: help clean
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

clean:
	rm -rf $(BUILD)

# Tests, benchmark, fuzzing, lint and installation, each beside what it concerns.
-include tests/tests.mk
-include tests/bench/bench.mk
-include tests/lint.mk
-include shim/install.mk
-include shim/packaging/packaging.mk
-include examples/demo/demo.mk
include shim/command/command.mk

-include $(LIB_OBJ:.o=.d) $(COMMAND_OBJ:.o=.d)
