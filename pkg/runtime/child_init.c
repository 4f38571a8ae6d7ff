#include "runtime/child.h"
int child_init(struct child *c _unused_, struct err *err _unused_)
{
    return 0;
}
