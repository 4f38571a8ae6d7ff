# make install PREFIX=/usr DESTDIR=/tmp/package

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share

.PHONY: install uninstall
install: $(BUILD)/cbox ## program, completions, man pages, systemd's unit (PREFIX, DESTDIR)
	install -D -m 755 $(BUILD)/cbox '$(DESTDIR)$(BINDIR)/cbox'
	ln -sf cbox '$(DESTDIR)$(BINDIR)/cbox-runtime'
	install -D -m 644 contrib/completion/cbox.bash '$(DESTDIR)$(DATADIR)/bash-completion/completions/cbox'
	install -D -m 644 contrib/completion/_cbox '$(DESTDIR)$(DATADIR)/zsh/site-functions/_cbox'
	install -D -m 644 contrib/completion/cbox.fish '$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/cbox.fish'
	install -d '$(DESTDIR)$(DATADIR)/man/man1' '$(DESTDIR)$(DATADIR)/man/man7'
	install -m 644 contrib/man/*.1 '$(DESTDIR)$(DATADIR)/man/man1/'
	install -m 644 contrib/man/*.7 '$(DESTDIR)$(DATADIR)/man/man7/'
	install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	sed 's,@BINDIR@,$(BINDIR),' contrib/systemd/cbox.service >'$(DESTDIR)$(PREFIX)/lib/systemd/system/cbox.service'

uninstall: ## what install put there
	rm -f '$(DESTDIR)$(BINDIR)/cbox' '$(DESTDIR)$(BINDIR)/cbox-runtime' '$(DESTDIR)$(DATADIR)/bash-completion/completions/cbox' \
		'$(DESTDIR)$(DATADIR)/zsh/site-functions/_cbox' '$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/cbox.fish' \
		'$(DESTDIR)$(PREFIX)/lib/systemd/system/cbox.service' \
		'$(DESTDIR)$(DATADIR)/man/man1/cbox.1' '$(DESTDIR)$(DATADIR)'/man/man1/cbox-*.1 '$(DESTDIR)$(DATADIR)'/man/man7/cbox-*.7
