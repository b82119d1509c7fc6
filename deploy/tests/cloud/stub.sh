#!/bin/sh
# A stand-in for terraform, docker, buildah and podman: writes down each call, and does what a test says.
# STUB_DIR holds `calls` (what was called), `typed` (passwords), `registry` and `rest` (what terraform made),
# `outputs` and `outputs-registry` (what it says of them), `fail` (calls that hold these words fail) and
# `says` (with which words).
name=${0##*/}
line="$name $*"
echo "$line" >>"$STUB_DIR/calls"
case $line in *--password-stdin*) read -r typed; echo "$typed" >>"$STUB_DIR/typed" ;; esac
if [ -e "$STUB_DIR/fail" ]; then
    read -r fail <"$STUB_DIR/fail"
    case $line in *"$fail"*)
        echo "stub: $line fails" >&2
        while read -r said; do echo "$said" >&2; done <"$STUB_DIR/says"
        exit 1 ;;
    esac
fi
[ "$name" = terraform ] || exit 0

case $line in
    *" version "*) echo "{\"terraform_version\": \"${STUB_TERRAFORM:-1.11.4}\"}" ;;
    *" plan "*)
        for word; do case $word in -out=*) echo plan >"${word#-out=}" ;; esac; done
        [ -e "$STUB_DIR/registry" ] && [ -e "$STUB_DIR/rest" ] || exit 2 ;;
    *" apply "*-target=aws_ecr*) : >"$STUB_DIR/registry" ;;
    *" apply "*.tfplan)
        for word; do plan=$word; done
        [ -e "$plan" ] || { echo "no such plan" >&2; exit 1; }
        : >"$STUB_DIR/registry"; : >"$STUB_DIR/rest" ;;
    *" destroy "*) /bin/rm -f "$STUB_DIR/registry" "$STUB_DIR/rest" ;;
    *" state list") [ ! -e "$STUB_DIR/rest" ] || printf 'aws_db_instance.main\naws_vpc.main\n' ;;
    *" output "*)
        if [ -e "$STUB_DIR/rest" ]; then /bin/cat "$STUB_DIR/outputs"
        elif [ -e "$STUB_DIR/registry" ]; then /bin/cat "$STUB_DIR/outputs-registry"
        else echo '{}'; fi ;;
esac
