%% SPDX-License-Identifier: MIT
%% The server of erlang.t: a listener with linger zero, which the accepted sockets inherit.
-module(inherited).
-export([start/1]).

start([Host, File]) ->
    {ok, Address} = inet:parse_address(atom_to_list(Host)),
    {ok, Content} = file:read_file(atom_to_list(File)),
    Options = [binary, {active, false}, {reuseaddr, true}, {ip, Address}],
    {ok, Polite} = gen_tcp:listen(7000, Options),
    {ok, Rude} = gen_tcp:listen(7001, [{linger, {true, 0}} | Options]),
    spawn(fun() -> accept(Rude, <<"hello">>) end),
    accept(Polite, Content).

accept(Listener, Content) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Server = spawn(fun() -> serve(Content) end),
    ok = gen_tcp:controlling_process(Socket, Server),
    Server ! Socket,
    accept(Listener, Content).

serve(Content) ->
    receive Socket ->
        {ok, _} = gen_tcp:recv(Socket, 1),
        ok = gen_tcp:send(Socket, Content),
        gen_tcp:close(Socket)
    end.
