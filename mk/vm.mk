# Machines in emulation: tests/vm/README.md.

.PHONY: check-vm
check-vm: ## boot a machine in emulation: cgroup v2, all suites of the runtime, and power cuts during pulls and prunes
	@third_party/install build vm
	@$(MAKE) --no-print-directory all unit-bin
	@BUILD=$(BUILD) tests/vm/run
	@BUILD=$(BUILD) tests/vm/links
	@BUILD=$(BUILD) tests/vm/runtime
	@BUILD=$(BUILD) tests/vm/labels
	@BUILD=$(BUILD) tests/vm/systemd
	@BUILD=$(BUILD) tests/vm/power-cut
