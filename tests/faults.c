/* Fails the nth write to files below a folder: cc -shared -fPIC -o faults.so faults.c -ldl, then LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static long countdown = -1; /* writes until one fails; below zero none does */
static int lasting;         /* whether all after it fail as well, as on a full disk */
static long fired;

void faults_arm(const char *below, long nth, int stays) {
    strncpy(folder, below, sizeof folder - 1);
    countdown = nth;
    lasting = stays;
    fired = 0;
}

long faults_fired(void) { return fired; }

static int below(const char *path) { return folder[0] && strncmp(path, folder, strlen(folder)) == 0; }

static int fails(int fd, const char *path) {
    char link[64], found[4096];
    if (countdown < 0) return 0;
    if (!path) {
        ssize_t size;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        size = readlink(link, found, sizeof found - 1);
        if (size < 0) return 0;
        found[size] = 0;
        path = found;
    }
    if (!below(path) || countdown-- > 1) return 0;
    if (lasting) countdown = 1; else countdown = -1;
    fired++;
    errno = lasting ? ENOSPC : EIO;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) { return fails(fd, 0) ? -1 : REAL(write)(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return fails(fd, 0) ? -1 : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return fails(fd, 0) ? -1 : REAL(pwrite64)(fd, data, size, at);
}
size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    return fails(fileno(file), 0) ? 0 : REAL(fwrite)(data, size, count, file);
}
int ftruncate(int fd, off_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails(fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd, 0) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { return fails(-1, to) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return fails(-1, path) ? -1 : REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { return fails(-1, path) ? -1 : REAL(mkdir)(path, mode); }
int rmdir(const char *path) { return fails(-1, path) ? -1 : REAL(rmdir)(path); }
/* Relative to a folder that is open, as when a tree is taken away. */
int unlinkat(int folder_fd, const char *path, int flags) {
    return fails(path[0] == '/' ? -1 : folder_fd, path[0] == '/' ? path : 0) ? -1 : REAL(unlinkat)(folder_fd, path, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t size) { return fails(to, 0) ? -1 : REAL(sendfile)(to, from, at, size); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    return fails(to, 0) ? -1 : REAL(sendfile64)(to, from, at, size);
}
ssize_t writev(int fd, const struct iovec *parts, int count) { return fails(fd, 0) ? -1 : REAL(writev)(fd, parts, count); }

/* Only what makes a file: reading goes on where writing fails. */
#define OPENS(name)                                                                  \
    int name(const char *path, int flags, ...) {                                     \
        va_list rest;                                                                \
        va_start(rest, flags);                                                       \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                    \
        va_end(rest);                                                                \
        if (flags & O_CREAT && access(path, F_OK) && fails(-1, path)) return -1;     \
        return REAL(name)(path, flags, mode);                                        \
    }
OPENS(open)
OPENS(open64)
