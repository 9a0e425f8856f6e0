//! Galleries of a report: pictures only of what its runs saw, and one line on what is missing.

use std::fs;

use crate::command::{Ranklab, failed, succeeded};

/// The page of the latest report.
fn page(ranklab: &Ranklab) -> String {
    fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap()
}

/// Pictures in the page.
fn pictures(page: &str) -> usize {
    page.matches("<img src=\"data:image/png;base64,").count()
}

/// Pictures beside the Markdown file.
fn files(ranklab: &Ranklab) -> usize {
    let names = fs::read_dir(ranklab.path("reports/latest/figures")).unwrap();
    names.filter(|name| name.as_ref().unwrap().path().extension().is_some_and(|end| end == "png")).count()
}

#[test]
fn galleries_show_cells_with_their_heat_while_images_and_weights_are_what_runs_saw() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1", "seed=3"]));
    let generated = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    fs::rename(generated, ranklab.path("cells.zip")).unwrap();
    succeeded(&ranklab.sweep(&["model=model_4,model_5", "rank=1,2", "dataset=cells.zip"]));

    ranklab.stdout(&["report"]);
    let whole = page(&ranklab);
    assert!(whole.contains("Cells to look at") && whole.contains("Grad-CAM (Selvaraju et al. 2017) of run"));
    let cells = whole.matches("<figure class=\"cell\">").count();
    assert!(cells > 0);
    // Each cell and its heat, in the page and beside the file.
    assert_eq!((pictures(&whole), files(&ranklab)), (2 * cells, 2 * cells));
    ranklab.stdout(&["report"]);
    assert_eq!(page(&ranklab), whole);

    ranklab.stdout(&["report", "--explain", "2"]);
    assert!(page(&ranklab).contains("of run 2:"));
    let refused = failed(&ranklab.run(&["report", "--explain", "1"]));
    assert!(refused.contains("run 1 is not among the finished runs of this report"), "{refused}");

    ranklab.stdout(&["report", "--no-pictures"]);
    let listed = page(&ranklab);
    assert!(listed.contains("Cells to look at") && pictures(&listed) == 0 && files(&ranklab) == 0);

    // Weights that are not what was stored, then none.
    let weights = ranklab.path("runs/000002/model.safetensors");
    fs::write(&weights, "other").unwrap();
    for reason in ["is not what it stored", "model.safetensors cannot be read"] {
        ranklab.stdout(&["report", "--explain", "2"]);
        let without = page(&ranklab);
        assert!(
            without.contains("Run 2 is not explained by Grad-CAM: ") && without.contains(reason),
            "{reason}"
        );
        assert_eq!(pictures(&without), cells);
        let _ = fs::remove_file(&weights);
    }

    // Other images at the same path, then none.
    succeeded(&ranklab.sweep(&["rank=1", "data_seed=7"]));
    let other = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    fs::rename(other, ranklab.path("cells.zip")).unwrap();
    for reason in ["have changed: their hash was", "cells.zip"] {
        ranklab.stdout(&["report", "--sweep", "2"]);
        let without = page(&ranklab);
        assert!(without.contains("are not shown: ") && without.contains(reason), "{reason}");
        assert_eq!((pictures(&without), without.contains("Cells to look at")), (0, true));
        let _ = fs::remove_file(ranklab.path("cells.zip"));
    }
}
