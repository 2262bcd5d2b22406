#!/bin/bash
# Clients that misbehave: cut off in mid-packet, send junk, too much, nonsense.
. "$(dirname "$0")/lib.sh"
need_kvm

serve_tcp "$guests/calls.elf"

# alive NAME: a new client gets in and a stop reply
alive()
{
	rsp_open "$port"
	if rsp_ask '?' && [[ $reply == T05* || $reply == S05 ]]; then
		pass "$1"
	else
		fail "$1" "? answers '$reply'"
	fi
	rsp_close
}

rsp_open "$port"
printf '$m100000,1' >&5
rsp_close
alive killed_in_mid_packet

rsp_open "$port"
printf '$X100000,4:ab' >&5
rsp_close
alive killed_in_mid_binary

rsp_open "$port"
rsp_ask '?'
rsp_send 'vCont;c'
sleep 0.2
rsp_close
alive killed_while_the_guest_runs

rsp_open "$port"
rsp_ask '?'
printf '$g#00' >&5
IFS= read -r -t 5 -N 2 acks <&5
rsp_close
case $acks in
*-*) pass bad_checksum_gets_minus ;;
*) fail bad_checksum_gets_minus "got '$acks'" ;;
esac

rsp_open "$port"
printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n\001\377\376%%%%' >&5
rsp_ask '?' && [[ $reply == T05* ]] && pass junk_before_a_packet ||
	fail junk_before_a_packet "? answers '$reply'"
rsp_close

bad=
# an unknown packet gets the empty reply; a malformed one an error
rsp_open "$port"
for packet in 'vNoSuchThing' 'qNoSuchQuery' 'bs' 'bc' 'b'; do
	rsp_ask "$packet" && [ -z "$reply" ] ||
		bad+="'$packet' gets '${reply:0:40}'; "
done
if [ -z "$bad" ]; then
	pass unknown_is_empty
else
	fail unknown_is_empty "$bad"
fi
bad=
for packet in 'm' 'mzz,1' 'm100000' 'm100000,' 'm100000,1,2' \
	'm100000,fffffffffffffffff' 'M100000,4:12' 'M100000,1:zz' 'X100000,5:a' \
	'p' 'pzz' 'pffff' 'Pzz=00' 'P0=1' 'P0' 'G00' 'Z1' 'Z1,100000' \
	'Z1,100000,1;' 'z1,zz,1' 'Z2,100000,0' 'vCont;' 'vCont;x' \
	'vCont;c:99' 'vCont;r100000:1' 'Hg99' 'Hgzz' 'T99' 'qXfer:threads:read' \
	'qXfer:features:read:target.xml:zz,10' 'qXfer:features:read:nope:0,10' \
	'qRcmd,0' 'qRcmd,zz' 'qThreadExtraInfo,99' 'qCRC:1' 'c!' 'szz' \
	'qSearch:memory:1' 'D;99' 'QStartNoAckMode:1' 'vCont;c:p5.-1' 'D;5' \
	'qThreadExtraInfo,p1.9' 'pffffffffff' 'Hgp9.1'; do
	rsp_ask "$packet"
	[[ $reply == E* ]] || bad+="'$packet' gets '${reply:0:40}'; "
done
if [ -z "$bad" ]; then
	pass malformed_is_an_error
else
	fail malformed_is_an_error "$bad"
fi
rsp_ask 'p10'
equal malformed_changed_nothing "$reply" "$(rsp_ask p10 && echo "$reply")"
rsp_close

rsp_open "$port"
rsp_ask '?'
{
	printf '$m'
	head -c 3000000 /dev/zero | tr '\0' 'f'
	printf '#00'
} >&5 2>/dev/null
rsp_close
alive far_too_long_packet

for _ in $(seq 50); do
	(exec 5<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
done
sleep 0.2
alive fifty_connections
if server_gone; then
	fail survives "the server is gone"
else
	pass survives
fi
