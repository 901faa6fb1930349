#!/bin/sh
# Searches through `opah serve --stdio` from a shell, by two named pipes:
#
#     sh drive.sh                     (or OPAH=path/of/opah sh drive.sh)
set -eu

pipes=${TMPDIR:-/tmp}/opah-drive.$$
mkdir -m 700 "$pipes"
trap 'rm -rf "$pipes"' EXIT
mkfifo "$pipes/requests" "$pipes/replies"
"${OPAH:-opah}" serve --stdio <"$pipes/requests" >"$pipes/replies" &
opah=$!
exec 3>"$pipes/requests" 4<"$pipes/replies"

# Sends a request and reads the reply.
call() {
    printf '%s\n' "$1" >&3
    IFS= read -r reply <&4
    case $reply in
    '{"ok":true'*) ;;
    *)
        printf '%s\n' "$reply" >&2
        exit 1
        ;;
    esac
}

# A number of the last reply.
member() {
    printf '%s\n' "$reply" | sed 's/.*"'"$1"'":\[*\([^],}]*\).*/\1/'
}

call '{"op":"create","study":"shell","seed":1,"directions":["minimize"],"budget":30,"space":[{"name":"x","type":"float","low":-10,"high":10}]}'
n=0
while [ "$n" -lt 30 ]; do
    call '{"op":"ask","study":"shell"}'
    trial=$(member trial)
    value=$(awk -v x="$(member x)" 'BEGIN { printf "%.17g", (x - 2) * (x - 2) }')
    call '{"op":"tell","study":"shell","trial":'"$trial"',"values":['"$value"']}'
    n=$((n + 1))
done
call '{"op":"best","study":"shell"}'
printf 'the best of %s trials is at x = %s: %s\n' "$n" "$(member x)" "$(member values)"
call '{"op":"bye"}'
wait "$opah"
