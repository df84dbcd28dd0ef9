/*
 * Ends the process when native code reads its environment on another thread than JavaScript's. Loaded by
 * LD_PRELOAD. JavaScript arms it by asking for the variable ARM_THE_TRAP, again and again: `environ` then
 * points to memory that nobody may read. The thread of JavaScript may: V8 asks for the time zone there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static const size_t SIZE = 4096;
static char **trap;

static int is_javascript(void) { return syscall(SYS_gettid) == getpid(); }

static void report(const char *what) {
  char name[16] = "";
  prctl(PR_GET_NAME, name);
  dprintf(STDERR_FILENO, "the thread \"%s\" reads the environment: %s\n", name, what);
  _exit(86);
}

static void trapped(int signal) {
  (void)signal;
  if (!is_javascript()) report("environ");
  /* An environment without variables, until the trap is armed again. */
  mprotect(trap, SIZE, PROT_READ);
}

static void arm(void) {
  if (trap) {
    mprotect(trap, SIZE, PROT_NONE);
    return;
  }
  trap = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  signal(SIGSEGV, trapped);
  environ = trap;
}

static char *look(const char *function, const char *name) {
  char *(*original)(const char *) = dlsym(RTLD_NEXT, function);
  if (strcmp(name, "ARM_THE_TRAP") == 0) {
    arm();
    return NULL;
  }
  if (!trap) return original(name);
  if (!is_javascript()) report(name);
  return NULL;
}

char *getenv(const char *name) { return look("getenv", name); }

char *secure_getenv(const char *name) { return look("secure_getenv", name); }
