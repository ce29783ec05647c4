"""What a workflow does, one verb per file, in the order the data meets them."""

import casebook as casebook  # puts heavy libraries off, before a module below imports one
