# Completion of ranklab for fish. Save it as ~/.config/fish/completions/ranklab.fish
function __ranklab_complete
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    $words[1] complete -- $words[2..-1] (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command ranklab --no-files --keep-order --arguments '(__ranklab_complete)'
