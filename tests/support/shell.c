#include "tests/support/shell.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

bool
shell_run(const char *folder, const char *command)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int log = chdir(folder) == 0 ? open("log", O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
        if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
            execl("/bin/bash", "bash", "-c", command, (char *)NULL);
        }
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
