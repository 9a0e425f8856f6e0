//! A database whose file is removed, moved or overwritten while it is open: the content is saved where that is
//! possible, nothing more is written, and one line says what happened and where the content is.

use std::time::Duration;

use crate::backend::{self, Loss};
use crate::error::{Error, Result};
use crate::store::Store;

/// The time in which the removal of a folder ends.
const SETTLES: Duration = Duration::from_millis(500);
/// The words on what the run folders still hold.
const FILES: &str = "checkpoints and models stay in the run folders";

impl Store {
    /// Checks that the files are where they were.
    ///
    /// # Errors
    /// When they are not.
    pub(crate) async fn check_files(&self) -> Result<()> {
        let loss = self.watched.as_ref().and_then(|watched| watched.standing.moved());
        self.check_lost(loss).await
    }

    /// Saves the content of a lost database, once, and fails from then on.
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
            Some([happened, saved]) => {
                Err(Error::Lost { location: self.location().clone(), happened, saved })
            }
        }
    }

    /// Saves what can be saved, and says what happened and where the content is.
    async fn save(&self, loss: Loss) -> [String; 2] {
        // A folder is removed or moved file by file.
        tokio::time::sleep(SETTLES).await;
        let now = self.watched.as_ref().and_then(|watched| watched.standing.moved());
        match now.unwrap_or(loss) {
            Loss::Gone { is_replaced, now } => {
                let happened =
                    if is_replaced { "was replaced by another file" } else { "was removed or moved" };
                // The file gets all that it lacks, and the log that stays behind is empty: SQLite would write it
                // into whatever file is at the database's path next.
                let folded = backend::fold_log(&self.pool).await;
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
                let saved = match backend::fold_log(&self.pool).await {
                    Ok(true) => "everything recorded is in the database: repeat the command".to_owned(),
                    Ok(false) | Err(_) => self.save_copy().await,
                };
                let log = backend::log_of(self.location());
                [format!("lost its log {} while it was in use", log.display()), saved]
            }
            Loss::Overwritten => {
                // SQLite would write it into what was copied over the database.
                let _ = backend::empty_log(self.location());
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
        let target = self.location().beside(&format!(".saved-{}", std::process::id()));
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
