# What the scripts share: virtual environments, the record of results, and the local AWS.
# Sourced; the script has set $here, $root, $work and $results, and $tools=lint to share the linters'
# environments.

environment() { # NAME [PYTHON]: prints the directory of the virtual environment
    local pins=$here/requirements-$1.txt python=${2:-python3} hash directory
    hash=$({ "$python" --version && cat "$pins"; } | sha256sum | cut -c1-12)
    directory=$root/.venv/${tools:-conformance}-$1-$hash
    if [ ! -e "$directory/ready" ]; then
        rm -rf "$directory"
        { "$python" -m venv "$directory" &&
            "$directory/bin/python" -m pip install --quiet --requirement "$pins" &&
            touch "$directory/ready"; } >&2 || return 1
    fi
    echo "$directory"
}

record() { # OUTCOME CLIENT WHAT DETAIL
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$results"
    printf '%-20s %-40s %s\n' "$2" "$3" "$1"
}

serve() { # starts $canary local, and sets $server and $endpoint
    "$canary" local --port 0 >"$work/welcome" 2>"$work/stderr" &
    server=$!
    for _ in $(seq 150); do
        endpoint=$(grep -om1 'http://127\.0\.0\.1:[0-9]\+' "$work/welcome" || true)
        [ -z "$endpoint" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo "$canary local did not start:" >&2
    cat "$work/stderr" >&2
    return 1
}

program() { # PATH HOW: an executable, or an error that says how to get it
    [ -x "$1" ] && return
    echo "there is no $1: build it first ($2)" >&2
    exit 1
}

# No tool may depend on this machine's AWS configuration or report home.
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1 no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
