# SPDX-License-Identifier: MIT
# make install and make uninstall. Each file is put beside its name and then renamed over it, so that a
# program that starts meanwhile, with the library in /etc/ld.so.preload, finds the old one or the new one.
# The library has its version in its name, and a link leads to the one that is meant: an upgrade, and the
# way back, are one rename of that link, and programs that run keep the file that they have.

MANUALS := $(wildcard policy/*.5 shim/*.7 shim/command/*.1)
INSTALLED := $(BINDIR)/lingerguard $(LIBDIR)/liblingerguard.so $(LIBDIR)/liblingerguard.so.$(VERSION) \
             $(foreach page,$(MANUALS),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
             $(DATADIR)/bash-completion/completions/lingerguard $(DATADIR)/zsh/site-functions/_lingerguard

# $(call put,MODE,FILE,TARGET)
define put
	$(say) INST $(3)
	$(Q)mkdir -p '$(DESTDIR)$(dir $(3))'
	$(Q)cp $(2) '$(DESTDIR)$(3).new' && chmod $(1) '$(DESTDIR)$(3).new' && mv -f '$(DESTDIR)$(3).new' '$(DESTDIR)$(3)'

endef

.PHONY: install uninstall force
install: all
	$(call put,0644,$(BUILD)/liblingerguard.so,$(LIBDIR)/liblingerguard.so.$(VERSION))
	$(Q)ln -sf liblingerguard.so.$(VERSION) '$(DESTDIR)$(LIBDIR)/liblingerguard.so.new' && \
	    mv -f '$(DESTDIR)$(LIBDIR)/liblingerguard.so.new' '$(DESTDIR)$(LIBDIR)/liblingerguard.so'
	$(call put,0755,$(BUILD)/lingerguard,$(BINDIR)/lingerguard)
	$(foreach page,$(MANUALS),$(call put,0644,$(page),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))))
	$(call put,0644,shim/command/completion/lingerguard.bash,$(DATADIR)/bash-completion/completions/lingerguard)
	$(call put,0644,shim/command/completion/_lingerguard,$(DATADIR)/zsh/site-functions/_lingerguard)

# Every program would complain about an entry whose library is gone.
uninstall:
	@if grep -qs liblingerguard.so '$(DESTDIR)/etc/ld.so.preload'; then \
	    echo "liblingerguard.so is in $(DESTDIR)/etc/ld.so.preload: run 'lingerguard disable' first" >&2; exit 1; fi
	$(Q)$(foreach file,$(INSTALLED),rm -f '$(DESTDIR)$(file)' &&) true

# The command knows LIBDIR, so it is built again when that changes.
$(BUILD)/command/libdir: force
	@mkdir -p $(@D)
	@test "$$(cat $@ 2>/dev/null)" = '$(LIBDIR)' || printf '%s\n' '$(LIBDIR)' >$@
$(BUILD)/command/shim/command/common/library.o $(BUILD)/command/shim/command/preload/enable.o: $(BUILD)/command/libdir
force:
