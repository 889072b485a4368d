#!/bin/sh
# Installs Tonewright for the one who calls it, or for all users, or takes it out again.
#
# It notes every file and folder that it makes, in `installed-files` beside the program, and removes
# nothing that does not stand there: presets, settings and other people's plugins stay.
set -eu

usage() {
    cat <<'END'
./install.sh [--system] [--uninstall]

  (nothing)    installs into ~/.vst3, ~/.clap and ~/.local/bin
  --system     installs for all users, into /usr/lib/vst3, /usr/lib/clap and /usr/local/bin;
               below $DESTDIR where that is set
  --uninstall  takes out what was installed; presets and settings stay
END
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

system=no
out=no
for argument in "$@"; do
    case $argument in
        --system) system=yes ;;
        --uninstall) out=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            echo "install.sh: there is no option \"$argument\"" >&2
            usage >&2
            exit 2
            ;;
    esac
done

here=$(cd "$(dirname "$0")" && pwd)
if [ "$system" = yes ]; then
    root=${DESTDIR:-}
    vst3=$root/usr/lib/vst3 clap=$root/usr/lib/clap
    program=$root/usr/local/lib/tonewright bin=$root/usr/local/bin
else
    case ${HOME:-} in
        /*) ;;
        *) fail "HOME is \"${HOME:-}\", which is no folder to install to; set it, or use --system" ;;
    esac
    vst3=$HOME/.vst3 clap=$HOME/.clap
    program=$HOME/.local/lib/tonewright bin=$HOME/.local/bin
fi
list=$program/installed-files
link=$bin/tonewright

# Whether a path lies where Tonewright is installed, so that no spoiled list removes anything else.
is_within() {
    case $1 in
        */../* | */..) return 1 ;;
        "$vst3"/?* | "$clap"/?* | "$program"/?* | "$program" | "$link" | "$vst3" | "$clap" | "$bin") return 0 ;;
        *) return 1 ;;
    esac
}

# Removes what a list names and another does not; folders only where they are empty, and those that stay are kept in
# the other list.
remove_listed() {
    sort -r "$1" | while IFS= read -r path; do
        if ! is_within "$path" || grep -Fxq -- "$path" "$2"; then
            continue
        fi
        if [ -d "$path" ] && [ ! -L "$path" ]; then
            rmdir "$path" 2>/dev/null || printf '%s\n' "$path" >>"$2"
        else
            rm -f "$path"
        fi
    done
}

notes=$(mktemp)
trap 'rm -f "$notes"' EXIT

if [ "$out" = yes ]; then
    if [ ! -f "$list" ]; then
        fail "$list is not there, so nothing was installed from here"
    fi
    old=$(mktemp)
    trap 'rm -f "$notes" "$old"' EXIT
    cp "$list" "$old"
    rm -f "$list"
    # Folders that hold something else stay, and nobody needs to remember them.
    remove_listed "$old" "$notes"
    rmdir "$program" 2>/dev/null || true
    echo "Tonewright is taken out. Presets and settings stay."
    exit 0
fi

# Makes a folder and those above it, and notes the new ones.
folder() {
    if [ ! -d "$1" ]; then
        folder "$(dirname "$1")"
        mkdir "$1" || fail "cannot make $1; for all users, call this with sudo"
        printf '%s\n' "$1" >>"$notes"
    fi
}

# Copies all files of a folder. Each is copied beside its place first, so that a host never sees half of one, and one that plays keeps
# the file that it has loaded.
put() {
    if [ -L "$2" ]; then
        fail "$2 is a link to somewhere else; remove it first"
    fi
    folder "$2"
    (cd "$1" && find . -type d ! -name .) | while IFS= read -r path; do
        folder "$2/${path#./}"
    done
    (cd "$1" && find . -type f) | while IFS= read -r path; do
        to=$2/${path#./}
        cp -p "$1/$path" "$to.new" || fail "cannot write $to"
        # Hosts look again at what is newer than when they last looked, and all that is packed is as old as the release.
        touch "$to.new"
        mv -f "$to.new" "$to"
        printf '%s\n' "$to" >>"$notes"
    done
}

for part in VST3/Tonewright.vst3 CLAP/Tonewright standalone; do
    [ -d "$here/$part" ] || fail "$here/$part is missing; unpack the archive again"
done
put "$here/VST3/Tonewright.vst3" "$vst3/Tonewright.vst3"
put "$here/CLAP/Tonewright" "$clap/Tonewright"
put "$here/standalone" "$program"
folder "$bin"
case $(readlink "$link" 2>/dev/null || true) in
    "$program"/*) ours=yes ;;
    *) ours=no ;;
esac
if [ "$ours" = no ] && { [ -e "$link" ] || [ -L "$link" ]; }; then
    echo "left alone $link: it is not from here. The program is $program/tonewright"
else
    ln -sf "$program/tonewright" "$link"
    printf '%s\n' "$link" >>"$notes"
fi
if [ -f "$list" ]; then
    remove_listed "$list" "$notes"
fi
cp "$notes" "$list"
chmod 644 "$list"

echo "VST3     $vst3/Tonewright.vst3"
echo "CLAP     $clap/Tonewright"
echo "program  $program/tonewright"
echo "Let your host scan for plugins again."
case :${PATH:-}: in
    *:"$bin":*) ;;
    *) echo "For \`tonewright\` on the command line, add $bin to your PATH." ;;
esac
