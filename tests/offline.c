/* Lets a process and its children reach this machine only, in Python or in native code, and writes down what they
   tried: cc -shared -fPIC -o offline.so offline.c -ldl, then LD_PRELOAD, with a file's name in RAG_OFFLINE_LOG. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void tell(const char *call, const char *where) {
    const char *name = getenv("RAG_OFFLINE_LOG");
    FILE *log = name ? fopen(name, "a") : 0;
    if (!log) abort(); /* a watch that cannot write would be taken for silence */
    fprintf(log, "%s %s\n", call, where);
    fclose(log);
}

static int here(const char *host) {
    struct in6_addr six;
    struct in_addr four;
    if (!host || !*host || !strcmp(host, "localhost")) return 1;
    if (inet_pton(AF_INET, host, &four) == 1) return !four.s_addr || ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && (IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six));
}

static int refused(const char *call, const struct sockaddr *to) {
    char host[INET6_ADDRSTRLEN];
    if (!to || (to->sa_family != AF_INET && to->sa_family != AF_INET6)) return 0;
    if (to->sa_family == AF_INET) inet_ntop(AF_INET, &((struct sockaddr_in *)to)->sin_addr, host, sizeof host);
    else inet_ntop(AF_INET6, &((struct sockaddr_in6 *)to)->sin6_addr, host, sizeof host);
    if (here(host)) return 0;
    tell(call, host);
    errno = ENETUNREACH;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int connect(int fd, const struct sockaddr *to, socklen_t size) {
    return refused("connect", to) ? -1 : REAL(connect)(fd, to, size);
}
ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    return refused("sendto", to) ? -1 : REAL(sendto)(fd, data, length, flags, to, size);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    return refused("sendmsg", message->msg_name) ? -1 : REAL(sendmsg)(fd, message, flags);
}
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
    for (unsigned i = 0; i < count; i++)
        if (refused("sendmmsg", messages[i].msg_hdr.msg_name)) return -1;
    return REAL(sendmmsg)(fd, messages, count, flags);
}

#define ELSEWHERE(call, host, fails)                                                 \
    if (!here(host)) {                                                               \
        tell(call, host);                                                            \
        return fails;                                                                \
    }

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    ELSEWHERE("getaddrinfo", host, EAI_FAIL)
    return REAL(getaddrinfo)(host, port, hints, found);
}
struct hostent *gethostbyname(const char *host) {
    ELSEWHERE("gethostbyname", host, 0)
    return REAL(gethostbyname)(host);
}
