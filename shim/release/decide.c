/* SPDX-License-Identifier: MIT */
#include "shim/release/decide.h"

#include "shim/release/guard.h"

struct lg_decision lg_judge(enum lg_cause cause, struct lg_socket *socket)
{
    struct lg_facts facts = {.cause = cause, .exe = lg_process.exe};

    if (lg_process.needs.local)
        lg_facts_local(socket);
    if (lg_process.needs.peer)
        lg_facts_peer(socket);
    if (lg_process.needs.role)
        lg_facts_identity(socket);
    facts.local = socket->local;
    facts.peer = socket->peer;
    facts.role = socket->role;
    return lg_decide(lg_process.policy, &facts);
}
