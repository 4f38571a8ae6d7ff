/* --format: any text is a template or an error, and executing it ends. The data has lists of one, so that loops in
 * loops do not multiply. */
#include "cli/template.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct cli_value make_data(void)
{
    struct cli_value data = {.kind = CLI_MAP}, list = {.kind = CLI_SEQUENCE}, labels = CLI_FIELDS;

    cli_value_append(&list, cli_value_text("only"));
    cli_value_put_text(&labels, "com.example.key", "value");
    cli_value_put_text(&data, "Name", "a name");
    cli_value_put(&data, "Size", cli_value_number(-12));
    cli_value_put(&data, "List", list);
    cli_value_put_hidden(&data, "Label", labels);
    return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    _cleanup_free_ char *text = str_ndup((const char *)bytes, len);
    _cleanup_value_ struct cli_value data = make_data();
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct cli_template *t = NULL;
    struct err err = ERR_INIT;

    if (cli_template_parse(text, &t, &err) < 0)
        return 0;
    for (int mode = CLI_TEMPLATE_DATA; mode <= CLI_TEMPLATE_HEADING; mode++)
        (void)cli_template_execute(t, &data, (enum cli_template_mode)mode, &out, &err);
    cli_template_free(t);
    return 0;
}
