/* Preloaded into ranklab (LD_PRELOAD) by tests/faults.rs: counts the calls that change files below FAULTS_FOLDER, and
 * makes the one of number FAULTS_AT fail in the way of FAULTS_KIND:
 *   count   none fails
 *   kill    the process is killed before the call
 *   torn    half of a write is written, then the process is killed; other calls as `kill`
 *   eio     the call fails with EIO
 *   enospc  the call fails with ENOSPC
 *   short   half of a write is written and reported; other calls succeed
 * The number of calls stands in the file FAULTS_COUNT when the process ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { COUNT, KILL, TORN, EIO_FAULT, ENOSPC_FAULT, SHORT };

static atomic_long calls;
static long at;
static enum kind kind;
static char folder[PATH_MAX];
static size_t folder_length;

#define REAL(name) ((__typeof__(&name))real_function(#name))

static void *real_function(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    static const char *names[] = {"count", "kill", "torn", "eio", "enospc", "short"};
    const char *text = getenv("FAULTS_AT"), *wanted = getenv("FAULTS_KIND"), *root = getenv("FAULTS_FOLDER");
    at = text ? atol(text) : 0;
    for (int i = 0; wanted && i < 6; i++)
        if (strcmp(wanted, names[i]) == 0) kind = (enum kind)i;
    if (root && realpath(root, folder)) folder_length = strlen(folder);
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULTS_COUNT");
    if (!path) return;
    int file = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
    if (file >= 0 && REAL(write)(file, text, (size_t)length) == length) close(file);
}

static int inside(const char *path) {
    return folder_length > 0 && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Whether an open file lies below the folder; files that have no name any more do as well. */
static int file_inside(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return inside(path);
}

/* Whether a path, absolute or of a folder's open file or of the working folder, lies below the folder. */
static int path_inside(int directory, const char *name) {
    char base[PATH_MAX], path[2 * PATH_MAX];
    if (!name) return 0;
    if (name[0] == '/') return inside(name);
    if (directory == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length <= 0) return 0;
        base[length] = 0;
    }
    snprintf(path, sizeof path, "%s/%s", base, name);
    return inside(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a call on something below the folder. 1 where it must fail; it never returns where the process must die. */
static int fails(void) {
    int saved = errno;
    int hit = atomic_fetch_add(&calls, 1) + 1 == at;
    errno = saved;
    if (!hit) return 0;
    switch (kind) {
    case KILL: case TORN: die(); return 0;
    case EIO_FAULT: errno = EIO; return 1;
    case ENOSPC_FAULT: errno = ENOSPC; return 1;
    default: return 0;
    }
}

/* The same for a write of `size` bytes, of which `*size` are left to be written where it is torn or short. */
static int write_fails(size_t *size, int *dies) {
    *dies = 0;
    int saved = errno;
    int hit = atomic_fetch_add(&calls, 1) + 1 == at;
    errno = saved;
    if (!hit) return 0;
    switch (kind) {
    case KILL: die(); return 0;
    case TORN: *size /= 2; *dies = 1; return 0;
    case SHORT: if (*size > 1) *size /= 2; return 0;
    case EIO_FAULT: errno = EIO; return 1;
    case ENOSPC_FAULT: errno = ENOSPC; return 1;
    default: return 0;
    }
}

#define WRITES(name, parameters, arguments)                                                                           \
    ssize_t name parameters {                                                                                         \
        static __typeof__(&name) real;                                                                                \
        if (!real) real = REAL(name);                                                                                 \
        if (!file_inside(file)) return real arguments;                                                                \
        int dies;                                                                                                     \
        if (write_fails(&size, &dies)) return -1;                                                                     \
        ssize_t written = real arguments;                                                                             \
        if (dies) die();                                                                                              \
        return written;                                                                                               \
    }

WRITES(write, (int file, const void *bytes, size_t size), (file, bytes, size))
WRITES(pwrite, (int file, const void *bytes, size_t size, off_t offset), (file, bytes, size, offset))
WRITES(pwrite64, (int file, const void *bytes, size_t size, off64_t offset), (file, bytes, size, offset))

/* Of several pieces the first, which callers must expect, is torn or short. */
ssize_t writev(int file, const struct iovec *pieces, int count) {
    if (count < 1 || !file_inside(file)) return REAL(writev)(file, pieces, count);
    size_t size = pieces[0].iov_len, whole = size;
    int dies;
    if (write_fails(&size, &dies)) return -1;
    if (size == whole && !dies) return REAL(writev)(file, pieces, count);
    ssize_t written = REAL(write)(file, pieces[0].iov_base, size);
    if (dies) die();
    return written;
}

#define CALLS(name, parameters, arguments, inside)                                                                    \
    int name parameters {                                                                                             \
        static __typeof__(&name) real;                                                                                \
        if (!real) real = REAL(name);                                                                                 \
        if (inside && fails()) return -1;                                                                             \
        return real arguments;                                                                                        \
    }

CALLS(fsync, (int file), (file), file_inside(file))
CALLS(fdatasync, (int file), (file), file_inside(file))
CALLS(ftruncate, (int file, off_t size), (file, size), file_inside(file))
CALLS(ftruncate64, (int file, off64_t size), (file, size), file_inside(file))
CALLS(unlink, (const char *path), (path), path_inside(AT_FDCWD, path))
CALLS(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), path_inside(folder, path))
CALLS(rmdir, (const char *path), (path), path_inside(AT_FDCWD, path))
CALLS(mkdir, (const char *path, mode_t mode), (path, mode), path_inside(AT_FDCWD, path))
CALLS(link, (const char *from, const char *to), (from, to), path_inside(AT_FDCWD, to))
CALLS(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), path_inside(b, to))
CALLS(rename, (const char *from, const char *to), (from, to), path_inside(AT_FDCWD, to))
CALLS(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), path_inside(b, to))

/* Only those that make or empty a file. */
#define OPENS(name, parameters, given, path_is_inside)                                                                \
    int name parameters {                                                                                             \
        static __typeof__(&name) real;                                                                                \
        if (!real) real = REAL(name);                                                                                 \
        mode_t mode = 0;                                                                                              \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                                        \
            va_list more;                                                                                             \
            va_start(more, flags);                                                                                    \
            mode = va_arg(more, mode_t);                                                                              \
            va_end(more);                                                                                             \
        }                                                                                                             \
        if ((flags & (O_CREAT | O_TRUNC)) && path_is_inside && fails()) return -1;                                    \
        return real given;                                                                                            \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode), path_inside(AT_FDCWD, path))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), path_inside(AT_FDCWD, path))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), path_inside(folder, path))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), path_inside(folder, path))
