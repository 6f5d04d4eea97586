# SPDX-License-Identifier: MIT
# make deb: a Debian package in $(BUILD), for the architecture of CC. Needs dpkg-dev and no root.
# DEBFULLNAME and DEBEMAIL say who is its maintainer.

.PHONY: deb dist
deb:
	$(say) DEB $(BUILD)/lingerguard_$(VERSION)_*.deb
	$(Q)CC='$(CC)' BUILD='$(abspath $(BUILD))' VERSION='$(VERSION)' MAKE='$(MAKE)' shim/packaging/deb.sh

# For any machine of the kind that CC builds for, whatever its libc; SOURCE_DATE_EPOCH dates what is in it.
dist:
	$(say) DIST $(BUILD)/lingerguard-$(VERSION)-$(MACHINE).tar.gz
	$(Q)CC='$(CC)' BUILD='$(abspath $(BUILD))' VERSION='$(VERSION)' MAKE='$(MAKE)' shim/packaging/dist.sh
