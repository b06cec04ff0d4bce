/* UTF-8 (RFC 3629): texts of others go into JSON, which takes nothing else. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stddef.h>

/* Bytes of the character that begins at `text`; 0: none does, or the text ends there. */
size_t utf8_character(const char *text);
/* Leaves out what is not UTF-8, such as the rest of a character that was cut. */
void utf8_keep(char *text);

#endif
