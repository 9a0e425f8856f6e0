//! What is done for a database whose file is removed, moved or overwritten while it is open: its content is saved
//! where that is possible, nothing more is written, and one line says what happened and where the content is.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::sqlite::{self, Loss};
use crate::store::Store;

/// After so long a folder that is being removed is removed.
const SETTLES: Duration = Duration::from_millis(500);
/// What the run folders still hold.
const FILES: &str = "checkpoints and models stay in the run folders";

impl Store {
    /// Checks that the files are where they were.
    ///
    /// # Errors
    /// When they are not.
    pub(crate) async fn check_place(&self) -> Result<()> {
        let loss = self.watched.as_ref().and_then(|watched| watched.standing.moved());
        self.check_lost(loss).await
    }

    /// An error, if this happened to the database now or before. Its content is saved once.
    ///
    /// # Errors
    /// When something happened to it.
    pub(crate) async fn check_lost(&self, loss: Option<Loss>) -> Result<()> {
        let Some(watched) = &self.watched else { return Ok(()) };
        let words = match loss {
            Some(loss) => Some(watched.lost.get_or_init(|| self.save(loss)).await),
            None => watched.lost.get(),
        };
        match words.cloned() {
            None => Ok(()),
            Some([happened, saved]) => Err(Error::Lost { path: self.path().to_owned(), happened, saved }),
        }
    }

    /// Saves what can be saved, and says what happened and where the content is.
    async fn save(&self, loss: Loss) -> [String; 2] {
        let path = self.path().display();
        // Whoever removes or moves a folder does so file by file.
        tokio::time::sleep(SETTLES).await;
        let now = self.watched.as_ref().and_then(|watched| watched.standing.moved());
        match now.unwrap_or(loss) {
            Loss::Gone { is_replaced, now } => {
                let happened =
                    if is_replaced { "was replaced by another file" } else { "was removed or moved" };
                // The file gets all that it lacks, and the log that stays behind is empty: SQLite would write it
                // into whatever takes the database's place.
                let folded = sqlite::fold_log(&self.pool, "TRUNCATE").await;
                let saved = match (now, folded) {
                    (Some(now), Ok(true)) => format!(
                        "{} holds everything that was recorded: move it back and repeat the command",
                        now.display()
                    ),
                    _ => self.save_copy().await,
                };
                [format!("{happened} while it was in use"), saved]
            }
            Loss::Log => {
                let saved = match sqlite::fold_log(&self.pool, "TRUNCATE").await {
                    Ok(true) => "everything recorded is in the database: repeat the command".to_owned(),
                    Ok(false) | Err(_) => self.save_copy().await,
                };
                [format!("lost its log {path}-wal while it was in use"), saved]
            }
            Loss::Overwritten => {
                // SQLite would write it into what was copied over the database.
                let _ = empty(&sqlite::beside(self.path(), "-wal"));
                let happened = "was overwritten by a copy while it was in use".to_owned();
                let saved = format!(
                    "what was recorded since that copy is lost, {FILES}; end every ranklab that uses it, and put the copy in place with `ranklab runs restore FILE`"
                );
                [happened, saved]
            }
            Loss::OtherContent => {
                let happened = "was given other content while it was in use".to_owned();
                [
                    happened,
                    format!(
                        "nothing more is recorded in it, and {FILES}; repeat the command to continue with it as it is now"
                    ),
                ]
            }
        }
    }

    async fn save_copy(&self) -> String {
        let target = sqlite::beside(self.path(), &format!(".saved-{}", std::process::id()));
        match self.backup(&target).await {
            Ok(_) => {
                let target = target.display();
                format!(
                    "all that it held is saved: `ranklab runs restore {target}` puts it back, and {FILES}"
                )
            }
            Err(problem) => format!("its content could not be saved ({problem}); {FILES}"),
        }
    }
}

fn empty(log: &Path) -> std::io::Result<()> {
    let log = File::options().write(true).open(log)?;
    log.set_len(0)?;
    log.sync_all()
}
