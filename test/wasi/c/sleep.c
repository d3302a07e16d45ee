// Sleeps by every call that C has for it, and counts the sleeps that end before their time.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t id) {
  struct timespec time;
  clock_gettime(id, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct timespec to_timespec(int64_t ns) {
  return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static int sleep_by_nanosleep(int64_t ns) {
  struct timespec duration = to_timespec(ns);
  return nanosleep(&duration, NULL);
}

static int sleep_by_usleep(int64_t ns) { return usleep(ns / 1000); }

static int sleep_until(int64_t ns) {
  struct timespec deadline = to_timespec(now(CLOCK_MONOTONIC) + ns);
  return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

static void count(const char *name, int (*sleep_for)(int64_t)) {
  const int64_t durations[] = {0, 1, 1000, 200000, 1000000, 1500000, 3000000};
  int early = 0, failed = 0, total = 0;
  for (int round = 0; round < 5; round++) {
    for (unsigned index = 0; index < sizeof durations / sizeof *durations; index++, total++) {
      int64_t wanted = durations[index] / 1000 * 1000;
      int64_t begun = now(CLOCK_MONOTONIC);
      if (sleep_for(durations[index])) failed++;
      if (now(CLOCK_MONOTONIC) - begun < wanted) early++;
    }
  }
  printf("%s: %d early, %d failed of %d\n", name, early, failed, total);
}

int main(void) {
  count("nanosleep", sleep_by_nanosleep);
  count("usleep", sleep_by_usleep);
  count("clock_nanosleep", sleep_until);
  return 0;
}
