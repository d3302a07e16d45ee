// Walks over what was opened before the start, as wasi-libc does by itself, then reads and writes files in the directory that both have found.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

static void walk(void) {
  for (__wasi_fd_t fd = 3;; fd++) {
    __wasi_prestat_t found;
    __wasi_errno_t error = __wasi_fd_prestat_get(fd, &found);
    if (error) {
      printf("%u: %s\n", fd, strerror(error));
      if (error == __WASI_ERRNO_BADF) return;
    } else if (found.tag == __WASI_PREOPENTYPE_DIR) {
      char name[256] = "";
      error = __wasi_fd_prestat_dir_name(fd, (uint8_t *)name, found.u.dir.pr_name_len);
      printf("%u: directory %s, %zu, %s\n", fd, name, found.u.dir.pr_name_len, error ? strerror(error) : "ok");
    } else {
      printf("%u: no directory\n", fd);
    }
  }
}

static void show(const char *path) {
  char text[256];
  FILE *file = fopen(path, "r");
  printf("%s: %s\n", path, file && fgets(text, sizeof text, file) ? text : strerror(errno));
  if (file) fclose(file);
}

int main(void) {
  walk();
  show("/data/greeting.txt");
  FILE *file = fopen("/data/answer.txt", "w");
  if (file) {
    fputs("hello host", file);
    fclose(file);
  }
  show("/data/answer.txt");
  show("/data/missing.txt");
  show("/elsewhere/greeting.txt");
  return 0;
}
