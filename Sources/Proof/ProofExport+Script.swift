extension ProofExport {
  /// `check.sh`. Hashes are put into octets by printf's octal escapes, which every POSIX shell has.
  static let script = #"""
    #!/bin/sh
    # Checks chunks of one day of a meterd archive: sh check.sh
    # Needs openssl (3 or later) and sha256sum. Prints OK, or the first thing that is wrong (exit status 1).
    # docs/PROOF.md of meterd tells how to do the same by hand.
    LC_ALL=C CDPATH=
    export LC_ALL
    cd "$(dirname "$0")" || exit 2

    wrong() {
      printf 'WRONG: %s\n' "$(printf '%s' "$1" | tr -d '\000-\037\177')"
      exit 1
    }

    needs() {
      printf 'This check needs %s.\n' "$1" >&2
      exit 2
    }

    command -v openssl >/dev/null || needs openssl
    command -v sha256sum >/dev/null || needs sha256sum
    case $(openssl pkeyutl -help 2>&1) in
      *-rawin*) ;;
      *) needs 'OpenSSL 3 or later' ;;
    esac

    is_number() {
      case $1 in
        '' | *[!0-9]* | 0?*) return 1 ;;
      esac
      [ ${#1} -le 15 ]
    }

    is_hash() {
      case $1 in
        *[!0-9a-f]*) return 1 ;;
      esac
      [ ${#1} -eq 64 ]
    }

    # 1. The manifest: what was sealed of the day.
    set -- *.manifest
    [ $# -eq 1 ] && [ -f "$1" ] || wrong 'there is not one file *.manifest'
    manifest=$1
    [ "$(tr -d '\012\040-\176\200-\377' <"$manifest" | wc -c)" -eq 0 ] || wrong "$manifest holds control characters"
    site= segment= key= leaves= root= format=
    while IFS= read -r line; do
      [ -n "$format" ] || format=$line
      case $line in
        'site: '*) site=${line#*: } ;;
        'segment: '*) segment=${line#*: } ;;
        'key: '*) key=${line#*: } ;;
        'leaves: '*) leaves=${line#*: } ;;
        'root: '*) root=${line#*: } ;;
      esac
    done <"$manifest"
    [ "$format" = meterd-manifest-1 ] || wrong "$manifest does not begin with 'meterd-manifest-1'"
    is_number "$leaves" || wrong "$manifest: leaves: is not a number"
    is_hash "$root" || wrong "$manifest: root: is not a hash"
    [ "$manifest" = "$segment.manifest" ] || wrong "$manifest is the manifest of another day: $segment"

    # 2. Its signatures, that of the key which it names among them.
    fingerprint=
    for signature in "$manifest".*.sig; do
      [ -f "$signature" ] || wrong "$manifest has no signature: there is no file $manifest.*.sig"
      id=${signature#"$manifest".}
      id=${id%.sig}
      [ -f "$id.pem" ] || wrong "the public key $id.pem of $signature is missing"
      print=$(openssl pkey -pubin -in "$id.pem" -outform DER 2>/dev/null | sha256sum)
      print=${print%% *}
      [ "$id" = "$(printf '%.16s' "$print")" ] || wrong "$id.pem does not hold the key $id"
      [ "$(openssl pkey -pubin -in "$id.pem" 2>/dev/null | sha256sum)" = "$(sha256sum <"$id.pem")" ] ||
        wrong "$id.pem is not as openssl writes it"
      openssl pkeyutl -verify -pubin -inkey "$id.pem" -rawin -in "$manifest" -sigfile "$signature" >/dev/null 2>&1 ||
        wrong "the signature $signature does not fit $manifest"
      [ "$id" != "$key" ] || fingerprint=$print
    done
    [ -n "$fingerprint" ] || wrong "$manifest is not signed by key $key, which it names"

    # 3. Each chunk leads to the root. Leaf: SHA-256(00, header, chunk), which is the file. Node: SHA-256(01, left, right).
    octets_of() {
      escapes=
      digits=$1
      while [ -n "$digits" ]; do
        rest=${digits#??}
        octet=$((0x${digits%"$rest"}))
        escapes="$escapes\\$((octet / 64))$((octet / 8 % 8))$((octet % 8))"
        digits=$rest
      done
    }

    # SHA-256(01, $1, $2) into $hash.
    node_of() {
      octets_of "01$1$2"
      hash=$(printf "$escapes" | sha256sum)
      hash=${hash%% *}
    }

    source= rows=0 summary=

    # Whether the rows of the source that was read are all that the manifest says it has.
    finish_source() {
      [ -n "$source" ] || return 0
      all=
      while IFS= read -r line; do
        case $line in
          "source: $source rows="*)
            all=${line#"source: $source rows="}
            all=${all%% *}
            ;;
        esac
      done <"$manifest"
      [ -n "$all" ] || wrong "$manifest has no source $source"
      if [ "$rows" = "$all" ]; then
        summary="$summary
        $source: all $all rows of the day"
      else
        summary="$summary
        $source: NOT ALL of the day, $rows of $all rows"
      fi
      rows=0
    }

    begin_leaf() {
      number=${1%% *}
      is_number "$number" || wrong "path.txt: '$number' is not the number of a leaf"
      [ "$1" = "$number $leaves" ] || wrong "path.txt: leaf $number is of another tree"
      [ "$number" -lt "$leaves" ] && [ "$number" -gt "$last" ] || wrong "path.txt: leaf $number is out of order"
      last=$number
      file=leaf-$number.bin
      [ -f "$file" ] || wrong "$file is missing"
      [ "$(od -An -tx1 -N1 "$file" | tr -d ' ')" = 00 ] || wrong "$file does not begin with the octet 00"
      header=$(tail -c +2 "$file" | head -n 1 | tr -d '\000')
      case $header in
        "meterd-chunk-1 site=$site segment=$segment leaf=$number source="*) ;;
        *) wrong "$file is not leaf $number of $segment of site $site" ;;
      esac
      field=${header#* source=}
      field=${field%% *}
      if [ "$field" != "$source" ]; then
        finish_source
        source=$field
      fi
      case $header in
        *' column=seq rows='* | *' column=rows rows='*)
          field=${header#* rows=}
          field=${field%% *}
          is_number "$field" || wrong "$file: rows= is not a number"
          rows=$((rows + field))
          ;;
      esac
      hash=$(sha256sum <"$file")
      hash=${hash%% *}
      count=$((count + 1))
    }

    finish_leaf() {
      [ -z "$file" ] || [ "$hash" = "$root" ] || wrong "$file does not lead to the root in $manifest"
    }

    [ -f path.txt ] || wrong 'path.txt is missing'
    last=-1 count=0 file= format=
    while IFS= read -r line || [ -n "$line" ]; do
      if [ -z "$format" ]; then
        format=$line
        [ "$format" = meterd-path-1 ] || wrong "path.txt does not begin with 'meterd-path-1'"
        continue
      fi
      case $line in
        'leaf '*)
          finish_leaf
          begin_leaf "${line#leaf }"
          ;;
        'left '*)
          is_hash "${line#left }" && [ -n "$file" ] || wrong "path.txt: '$line'"
          node_of "${line#left }" "$hash"
          ;;
        'right '*)
          is_hash "${line#right }" && [ -n "$file" ] || wrong "path.txt: '$line'"
          node_of "$hash" "${line#right }"
          ;;
        *) wrong "path.txt: '$line'" ;;
      esac
    done <path.txt
    finish_leaf
    finish_source
    [ "$count" -gt 0 ] || wrong 'path.txt has no leaf'
    set -- leaf-*.bin
    [ $# -eq "$count" ] || wrong 'there is a leaf-*.bin that is not in path.txt'

    printf 'OK: %s chunks of %s of site %s are what was sealed.%s\n' "$count" "$segment" "$site" "$summary"
    printf 'Signed by key %s. Compare its fingerprint with what the site gave you:\n%s\n' "$key" "$fingerprint"

    """#
}
