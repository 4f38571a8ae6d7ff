#include "topics.h"

/* A file as it is, and a zero behind it. The assembler finds it from where the compiler was called, the top folder. */
#define TOPIC(name)                                      \
    extern const char topic_##name[];                    \
    __asm__(".pushsection .rodata\n"                     \
            ".local topic_" #name "\ntopic_" #name ":\n" \
            ".incbin \"docs/topics/" #name ".txt\"\n.byte 0\n.popsection\n")

TOPIC(configuration);
TOPIC(formats);
TOPIC(networking);
TOPIC(runtime);
TOPIC(security);
TOPIC(storage);
TOPIC(troubleshooting);

const struct cli_topic cbox_topics[] = {
    {"storage", topic_storage},
    {"networking", topic_networking},
    {"security", topic_security},
    {"configuration", topic_configuration},
    {"runtime", topic_runtime},
    {"formats", topic_formats},
    {"troubleshooting", topic_troubleshooting},
    {NULL, NULL},
};
