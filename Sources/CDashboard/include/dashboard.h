// The page that `GET /` returns: dashboard.html.

#ifndef MCPO_DASHBOARD_H
#define MCPO_DASHBOARD_H

// Swift sees no array without a length, hence a pointer.
extern const unsigned char *const mcpo_dashboard;
extern const long mcpo_dashboard_size;

#endif
