/* Names: what they may be, and ones made up for containers that nobody named. */
#include "container/name.h"

#include "container/container.h"

#include <sys/random.h>

int container_check_name(const char *name, struct err *err)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *bare = *name == '/' ? name + 1 : name;

    if (strlen(bare) < 2 || strlen(bare) > 200 || !strchr(first, *bare) || bare[strspn(bare, others)])
        return err_set(err, ERR_INVALID, "invalid container name (%.200s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                       name);
    return 0;
}

char *container_make_up_name(void)
{
    static const char *const how[] = {
        "amber",  "brave",  "bright", "brisk",  "calm",  "clever", "cosy",   "daring", "deft",  "eager",   "early",
        "fair",   "fleet",  "fond",   "gentle", "glad",  "golden", "happy",  "hardy",  "idle",  "jolly",   "keen",
        "kind",   "lively", "loyal",  "lucid",  "merry", "mild",   "modest", "neat",   "noble", "patient", "placid",
        "plucky", "polite", "proud",  "quick",  "quiet", "ready",  "rosy",   "serene", "sharp", "silver",  "smart",
        "solid",  "spry",   "steady", "sunny",  "swift", "tidy",   "vivid",  "warm",   "wise",  "witty",   "zesty",
    };
    static const char *const who[] = {
        "albatross", "alder",   "badger",  "beaver", "birch",   "bison",    "bittern", "cedar",   "condor",   "crane",
        "curlew",    "cypress", "dolphin", "dunlin", "elm",     "falcon",   "finch",   "fox",     "gannet",   "gecko",
        "hare",      "hazel",   "heron",   "ibex",   "ibis",    "jackdaw",  "juniper", "kestrel", "kite",     "lapwing",
        "larch",     "lark",    "linden",  "lynx",   "magpie",  "maple",    "marten",  "merlin",  "nightjar", "oak",
        "oriole",    "osprey",  "otter",   "petrel", "pine",    "plover",   "puffin",  "quail",   "raven",    "robin",
        "rowan",     "seal",    "shrike",  "siskin", "sparrow", "starling", "stork",   "swallow", "teal",     "tern",
        "thrush",    "walnut",  "weasel",  "whale",  "willow",  "wren",     "yew",
    };
    uint32_t random[3] = {0};

    if (getrandom(random, sizeof(random), 0) < 0)
        random[0] = 0; /* a name that is taken is no misfortune: the next try makes up another */
    return str_printf("%s_%s%u", how[random[0] % ARRAY_SIZE(how)], who[random[1] % ARRAY_SIZE(who)], random[2] % 100);
}
