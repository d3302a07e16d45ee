// Waits for standard input by poll(2): first in vain, then for data until its end.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  setvbuf(stdout, NULL, _IONBF, 0);

  int ready = poll(&input, 1, 20);
  printf("in vain: %d\n", ready);

  for (;;) {
    ready = poll(&input, 1, -1);
    if (ready != 1) {
      printf("poll: %d, %s\n", ready, strerror(errno));
      return 1;
    }
    char data[256];
    ssize_t length = read(STDIN_FILENO, data, sizeof data);
    if (length < 0) {
      printf("read: %s\n", strerror(errno));
      return 1;
    }
    if (length == 0) break;
    printf("%d bytes: %.*s", (int)length, (int)length, data);
  }
  printf("end\n");
  return 3;
}
