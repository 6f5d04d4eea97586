#!/bin/sh
# SPDX-License-Identifier: MIT
# Tomcat: an upload that it refuses without reading it is reset, and one drain rule cures that, as far
# as the upload has come: tomcat closes O_NONBLOCK sockets, where no close waits for the rest of it.
# Downloads are as they were.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers java
home=$(find /usr/share -maxdepth 1 -name 'tomcat[0-9]*' ! -name '*-*' 2>/dev/null | sort -V | tail -n 1)
[ -e "$home/bin/bootstrap.jar" ] || {
    skip servers "Tomcat is not in /usr/share"
    done_testing
}

mkdir -p "$tmp/base/conf" "$tmp/base/logs" "$tmp/base/temp" "$tmp/base/work" "$tmp/base/webapps/ROOT/WEB-INF"
make_file "$tmp/base/webapps/ROOT/large" 10240
large=$(checksum <"$tmp/base/webapps/ROOT/large")
cp "$home/etc/web.xml" "$tmp/base/conf/web.xml"
echo '<web-app/>' >"$tmp/base/webapps/ROOT/WEB-INF/web.xml"
# maxSwallowSize: how much of a refused upload is read before the connection is dropped.
cat >"$tmp/base/conf/server.xml" <<END
<Server port="-1">
  <Service name="Catalina">
    <Connector port="8080" address="$host" protocol="HTTP/1.1" maxSwallowSize="1024" connectionTimeout="5000"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
END

upload_bytes=60000
# The server of static files refuses to be written to. The client stays until the server is done with
# it, as the command says: it half-closes first, and what it does then is seen on the wire alone.
refused() {
    rm -f "$tmp/read-now"
    peer -o "$tmp/answer" -s "PUT /large HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: $upload_bytes\\r\\n\\r\\n" \
        -u "$upload_bytes" -w "$tmp/read-now" 8080 >"$tmp/end" &
    client=$!
    wait_until 20 "$@"
    : >"$tmp/read-now"
    wait "$client"
    cut -d ' ' -f 1,2 "$tmp/end"
}

was_reset() {
    [ "$(resets)" -gt 0 ]
}

was_drained() {
    [ "$(records count cause=unread verdict=drain 'outcome=orderly|drained|muted' drained_bytes=ABOVE:0)" -eq 1 ]
}

for mode in bare orderly drain; do
    start "$mode" java -Xmx192m -Dcatalina.home="$home" -Dcatalina.base="$tmp/base" -Djava.io.tmpdir="$tmp/base/temp" \
        -cp "$home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar" org.apache.catalina.startup.Bootstrap start
    wait_listens 8080 60
    reset_mark
    on_client curl -s --no-progress-meter --parallel -o "$tmp/got#1" "http://$host:8080/large?[1-4]"
    is "$mode: four downloads at a time are whole" \
        "$(for number in 1 2 3 4; do checksum <"$tmp/got$number"; done | sort | uniq -c | tr -s ' ')" " 4 $large"
    is "$mode: 300 requests on one connection are answered" \
        "$(on_client curl -s -I -w '%{http_code}\n' "http://$host:8080/large?[1-300]" | grep -c '^200')" 300
    is "$mode: none of these was reset" "$(resets)" 0
    if [ "$mode" = drain ]; then
        is "$mode: a refused upload ends in order" "$(refused was_drained)" "eof 1"
        check "$mode: it is recorded, with what was drained" was_drained
        is "$mode: no rst" "$(resets)" 0
    else
        refused was_reset >/dev/null
        is "$mode: a refused upload is reset" "$(resets)" 1
        [ "$mode" = bare ] || is_records "$mode: no close was touched" 0 count cause=unread
    fi
    like "$mode: its answer is there" "$(head -n 1 "$tmp/answer")" 'HTTP/1.1 405'
    check "$mode: tomcat is there" kill -0 "$server"
    stop
done
done_testing
