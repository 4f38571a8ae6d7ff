# cbox: `make demo` shows it, `make check` proves it, `make help` lists the rest.
#
# Objects live under build/ (or BUILD=…); nothing is written beside the sources. Parts: flags and libraries (mk/flags.mk),
# the program and its tests (here), everything that looks at the sources (mk/lint.mk), a machine in emulation (mk/vm.mk),
# installation (mk/install.mk).

BUILD ?= build
# V=1 shows the commands.
Q := $(if $(V),,@)
include mk/flags.mk

PKG_SRC := $(sort $(wildcard pkg/*/*.c))
CMD_SRC := $(sort $(wildcard cmd/cbox/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))

PKG_OBJ := $(PKG_SRC:%.c=$(BUILD)/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)

.PHONY: all help clean
all: $(BUILD)/cbox

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort -u | column -t -s "$$(printf '\t')"

# Needs are looked at once, before the first compilation; a missing package is one line with what installs it.
$(BUILD)/.needs: third_party/packages.tsv
	@third_party/check build
	@mkdir -p $(@D) && touch $@

$(BUILD)/%.o: %.c $(BUILD)/.needs $(BUILD)/.flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC      $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The one object that knows the version.
$(BUILD)/.version: force
	@mkdir -p $(@D)
	@echo '$(VERSION) $(COMMIT)' | cmp -s - $@ || echo '$(VERSION) $(COMMIT)' > $@
$(BUILD)/cmd/cbox/version.o: $(BUILD)/.version
$(BUILD)/cmd/cbox/version.o: private ALL_CPPFLAGS += -DCBOX_VERSION='"$(VERSION)"' -DCBOX_COMMIT='"$(COMMIT)"'

# They become part of it.
$(BUILD)/cmd/cbox/topics.o: $(wildcard docs/topics/*.txt)

# Runs in a copy of itself, alone in its memory: nothing that a compiler adds may lie outside of it.
$(BUILD)/pkg/runtime/init_loop.o: private ALL_CFLAGS += -O2 -fno-stack-protector -fno-stack-clash-protection \
	-fno-sanitize=all -fno-jump-tables

$(BUILD)/libcbox.a: $(PKG_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/cbox: $(CMD_OBJ) $(BUILD)/libcbox.a
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# For the unit tests of the command tables.
$(BUILD)/commands.a: $(filter-out %/main.o,$(CMD_OBJ))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/commands.a $(BUILD)/libcbox.a $(BUILD)/.flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST    $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(BUILD)/commands.a $(BUILD)/libcbox.a $(LIBS) -lcmocka -lresolv

# Rebuild when the flags change, and only then.
.PHONY: force
$(BUILD)/.flags: force
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' > $@

.PHONY: unit check check-docker demo bench asan fuzz
unit: $(UNIT_BIN) ## build and run the unit tests
	@set -e; for t in $(UNIT_BIN); do $$t; done

unit-bin: $(UNIT_BIN)
.PHONY: unit-bin

check: ## install what the tests need; lint, unit and end-to-end tests
	@tests/check

check-docker: all ## the life of a container, case by case beside docker's
	@third_party/install check differential
	@tests/differential/docker

demo: ## install what is missing, build, and show cbox at work against a registry of its own
	@contrib/demo

bench: all ## compare with docker, podman and bubblewrap (paired, medians)
	@third_party/install bench
	@tests/bench/run

asan: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory BUILD=build-asan SANITIZE=address,undefined unit

fuzz: ## a short run of every fuzz target (FUZZ_SECONDS each)
	@third_party/install fuzz
	@tests/fuzz/run

include mk/lint.mk
include mk/vm.mk
include mk/install.mk

clean: ## remove build trees
	rm -rf build build-*

-include $(PKG_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT_BIN:=.d)
