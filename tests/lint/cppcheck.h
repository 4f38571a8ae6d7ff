/* What cppcheck cannot know, since it reads no header of the system: the loops of jansson.h, by their meaning. */
#define json_object_foreach(object, key, value) for (key = next(object, &value); key; key = next(object, &value))
#define json_array_foreach(array, index, value) for (index = 0; value = next(array), value; index++)

/* Its own parser stumbles over casts to __typeof__(*(&a->b)). */
#define __typeof__(expression) void *

/* Nor does it see through expressions that hold statements. */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
