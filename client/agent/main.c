/* rectify-agent. Everything is in agent_main. */
#include "client/agent/agent.h"

int
main(int argc, char **argv)
{
    return agent_main(argc, argv);
}
