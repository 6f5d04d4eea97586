# SPDX-License-Identifier: MIT
# make deb: a Debian package in $(BUILD), for the architecture of CC. Needs dpkg-dev and no root.
# DEBFULLNAME and DEBEMAIL say who is its maintainer.

.PHONY: deb
deb:
	$(say) DEB $(BUILD)/lingerguard_$(VERSION)_*.deb
	$(Q)CC='$(CC)' BUILD='$(abspath $(BUILD))' VERSION='$(VERSION)' MAKE='$(MAKE)' shim/packaging/deb.sh
