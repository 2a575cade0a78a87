// The dashboard's page as bytes of the program: C puts a file into an executable as it is (C23), where
// Swift would compile a literal of every byte, for twenty seconds.

#include "dashboard.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "dashboard.html"
};

const unsigned char *const mcpo_dashboard = page;
const long mcpo_dashboard_size = sizeof page;
