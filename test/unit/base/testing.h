/* cmocka, after our own headers: it defines a macro by the name of our fail(). */
#ifndef TEST_BASE_TESTING_H
#define TEST_BASE_TESTING_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
