#include "cli/generate.h"

/* The tables become one function that knows each command; the rest of the script is the same for every program. */
static const char engine[] =
    "# _@_wants WORD: sets `values` to the kind of argument that must follow the option WORD; to nothing where none "
    "does.\n"
    "_@_wants() {\n"
    "    local word=$1 letters entry\n"
    "    values=''\n"
    "    if [[ $word != --* ]]; then\n"
    "        # Bundled letters: the first one that takes an argument takes the rest, or the next word.\n"
    "        for ((letters = 1; letters < ${#word}; letters++)); do\n"
    "            for entry in $options; do\n"
    "                [[ $entry == \"-${word:letters:1}:\"* ]] || continue\n"
    "                ((letters + 1 == ${#word})) && values=${entry#*:}\n"
    "                return\n"
    "            done\n"
    "        done\n"
    "        return\n"
    "    fi\n"
    "    for entry in $options; do\n"
    "        [[ $entry != \"$word:\"* ]] || values=${entry#*:}\n"
    "    done\n"
    "}\n"
    "\n"
    "# _@_offer VALUES: completes $cur as an argument of this kind.\n"
    "_@_offer() {\n"
    "    local word\n"
    "    case $1 in\n"
    "    file) _filedir ;;\n"
    "    directory) _filedir -d ;;\n"
    "    image | container | network | volume)\n"
    "        # Not through compgen -W, which would expand what stands in a name.\n"
    "        while read -r word; do\n"
    "            [[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$word\")\n"
    "        done < <(@ __complete \"$1\" 2>/dev/null)\n"
    "        __ltrim_colon_completions \"$cur\"\n"
    "        ;;\n"
    "    command)\n"
    "        _@_tables @\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$commands $_@_topics\" -- \"$cur\")\n"
    "        ;;\n"
    "    words=*)\n"
    "        word=${1#*=}\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"${word//|/ }\" -- \"$cur\")\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_@() {\n"
    "    local cur prev words cword\n"
    "    _init_completion -n := || return\n"
    "    local path=@ options commands first others stop values i word operands=0 ended=''\n"
    "    _@_tables \"$path\"\n"
    "    for ((i = 1; i < cword; i++)); do\n"
    "        word=${words[i]}\n"
    "        if [[ $ended || $word != -?* ]]; then\n"
    "            if [[ $commands ]]; then\n"
    "                path+=\" $word\"\n"
    "                _@_tables \"$path\"\n"
    "            else\n"
    "                operands=$((operands + 1)) ended=$ended$stop\n"
    "            fi\n"
    "        elif [[ $word == -- ]]; then\n"
    "            ended=1\n"
    "        elif [[ $word != *=* ]]; then\n"
    "            _@_wants \"$word\"\n"
    "            if [[ $values ]] && ((++i == cword)); then\n"
    "                _@_offer \"$values\"\n"
    "                return\n"
    "            fi\n"
    "        fi\n"
    "    done\n"
    "    if [[ ! $ended && $cur == --*=* ]]; then\n"
    "        _@_wants \"${cur%%=*}\"\n"
    "        cur=${cur#*=}\n"
    "        _@_offer \"$values\"\n"
    "    elif [[ ! $ended && $cur == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(for word in --help $options; do echo \"${word%%:*}\"; done | sort -u)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"${COMPREPLY[*]}\" -- \"$cur\")\n"
    "    elif [[ $commands ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\")\n"
    "    elif ((operands == 0)); then\n"
    "        _@_offer \"$first\"\n"
    "    else\n"
    "        _@_offer \"$others\"\n"
    "    fi\n"
    "} && complete -F _@ @\n";

/* "--memory:none", "-i", "--pull:words=always|never" */
static void add_option(struct buf *out, const struct cli_option *o)
{
    _cleanup_free_ char *words = o->words ? strv_join((char *const *)o->words, "|") : NULL;
    _cleanup_free_ char *values = NULL;

    if (o->kind != CLI_K_FLAG)
        values = str_printf(":%s%s%s", cli_values_word(o->values), words ? "=" : "", words ? words : "");
    if (o->letter)
        buf_addf(out, "-%c%s ", o->letter, values ? values : "");
    buf_addf(out, "--%s%s ", o->name, values ? values : "");
}

static void add_list(struct buf *out, const char *variable, const struct buf *list)
{
    _cleanup_free_ char *text = list->len ? str_ndup(list->p, list->len - 1) : NULL;

    if (!text)
        return;
    buf_addf(out, "        %s=", variable);
    cli_add_shell_word(out, text);
    buf_addc(out, '\n');
}

static void add_command(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    _cleanup_buf_ struct buf options = BUF_INIT, commands = BUF_INIT;
    struct buf *out = data;

    for (size_t i = 0; i < c->n_options; i++)
        if (!c->options[i].hidden)
            add_option(&options, &c->options[i]);
    for (size_t i = 0; i < c->n_entries; i++)
        if (c->entries[i].section != CLI_HIDDEN)
            buf_addf(&commands, "%s ", c->entries[i].name);
    buf_addf(out, "    '%s'%s%s%s)\n", path, alias ? " | '" : "", alias ? alias : "", alias ? "'" : "");
    add_list(out, "options", &options);
    add_list(out, "commands", &commands);
    if (c->operands)
        buf_addf(out, "        first=%s others=%s\n", cli_values_word(c->values[0]), cli_values_word(c->values[1]));
    if (c->stop_at_first)
        buf_adds(out, "        stop=1\n");
    buf_adds(out, "        ;;\n");
}

void cli_generate_bash(const struct cli_command *root, const char *program, struct buf *out)
{
    buf_addf(out,
             "# bash completion for %s. Written by \"make generate\" from the command tables: do not edit.\n"
             "# shellcheck shell=bash disable=SC2034\n\n"
             "_%s_topics='",
             program, program);
    cli_add_topics(out, root);
    buf_addf(out,
             "'\n\n"
             "# _%s_tables PATH: sets what the command knows. An option that takes an argument stands as NAME:VALUES.\n"
             "_%s_tables() {\n"
             "    options='' commands='' first='' others='' stop=''\n"
             "    case $1 in\n",
             program, program);
    cli_visit(root, program, add_command, out);
    buf_adds(out, "    esac\n}\n\n");
    cli_add_template(out, engine, program);
}
