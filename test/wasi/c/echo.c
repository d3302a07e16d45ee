// Echoes what comes over connections to the pre-opened socket 3, all of them at once by poll(2), until one sends "quit".
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 3, MOST = 16 };

static struct pollfd polled[MOST] = {{.fd = LISTENER, .events = POLLIN}};
static int used = 1;

static int fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int send_all(int connection, const char *data, ssize_t length) {
  while (length > 0) {
    ssize_t sent = send(connection, data, length, 0);
    if (sent < 0) return -1;
    data += sent;
    length -= sent;
  }
  return 0;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  for (;;) {
    if (poll(polled, used, 20000) < 1) return fail("poll");
    if (polled[0].revents & POLLIN && used < MOST) {
      int connection = accept(LISTENER, NULL, NULL);
      if (connection < 0) return fail("accept");
      polled[used++] = (struct pollfd){.fd = connection, .events = POLLIN};
      printf("connections: %d\n", used - 1);
    }
    for (int index = used - 1; index > 0; index--) {
      if (!polled[index].revents) continue;
      int connection = polled[index].fd;
      char data[4096];
      ssize_t length = recv(connection, data, sizeof data, 0);
      if (length < 0) return fail("recv");
      if (length == 4 && memcmp(data, "quit", 4) == 0) return 0;
      if (length > 0 && send_all(connection, data, length)) return fail("send");
      if (length > 0) continue;
      close(connection);
      polled[index] = polled[--used];
      printf("connections: %d\n", used - 1);
    }
  }
}
