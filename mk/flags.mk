# Compiler, hardening and libraries. CFLAGS, CPPFLAGS and LDFLAGS stay the user's.

CC ?= cc
AR ?= ar
CFLAGS ?= -O2 -g

VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wundef -Wvla -Wno-missing-field-initializers
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
LD_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

ALL_CPPFLAGS := -Ipkg -Icmd -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(HARDENING) -fvisibility=hidden -ffunction-sections -fdata-sections $(CFLAGS)
ALL_LDFLAGS := $(LD_HARDENING) -Wl,--gc-sections $(LDFLAGS)

ifdef SANITIZE
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
else
ALL_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# What every command loads. The heavy libraries (libcurl, libcrypto, ISA-L, zlib, libzstd, libseccomp) are opened by
# their adapters on first use (pkg/sys/dl.h): linking them would cost each start about 12 ms.
LIBS := -ljansson
