# Golden values of comparisons over patients, seeds and folds, from R's clubSandwich, lme4 and aov.
#
#     apt-get install r-base-core r-cran-clubsandwich r-cran-lme4 r-cran-jsonlite
#     Rscript tests/golden/comparison.R

suppressPackageStartupMessages({
  library(clubSandwich)
  library(lme4)
  library(jsonlite)
})
set.seed(7)

# Cells of each patient.
patterns <- list(
  equal = rep(12, 20),
  skewed = ceiling(240 / (2:31)),
  one_of_30_percent = c(150, rep(9, 39)),
  one_of_60_percent = c(234, rep(4, 39)),
  few = c(3, 20, 8, 5, 12, 9)
)

# The mean difference of two networks, weighed by cells: CR2 for a working model in which patients' means have one
# variance, tested with Satterthwaite's degrees of freedom.
weighted_mean <- function(name) {
  sizes <- patterns[[name]]
  patients <- seq_along(sizes)
  ease <- rnorm(length(sizes), sd = 0.6)
  first <- rbinom(length(sizes), sizes, plogis(2.2 + ease + rnorm(length(sizes), sd = 0.4)))
  second <- rbinom(length(sizes), sizes, plogis(1.6 + ease + rnorm(length(sizes), sd = 0.4)))
  difference <- (first - second) / sizes
  fit <- lm(difference ~ 1, weights = sizes)
  variance <- vcovCR(fit, cluster = patients, type = "CR2", target = rep(1, length(sizes)), inverse_var = FALSE)
  test <- coef_test(fit, vcov = variance, test = "Satterthwaite")
  interval <- conf_int(fit, vcov = variance, level = 0.9, test = "Satterthwaite")
  list(
    name = name, sizes = sizes, first = first, second = second,
    difference = test$beta, variance = variance[1, 1], degrees_of_freedom = test$df_Satt,
    t = test$tstat, p = test$p_Satt, level = 0.9, interval = c(interval$CI_L, interval$CI_U)
  )
}

# Of patients with as many cells each, the share right for each seed: rows are seeds.
shares <- function(seeds, patients, cells, accuracy, luck, noise) {
  ease <- rnorm(patients, sd = 0.6)
  t(sapply(seq_len(seeds), function(seed) {
    chance <- plogis(qlogis(accuracy) + luck * rnorm(1) + ease + rnorm(patients, sd = noise))
    rbinom(patients, cells, chance)
  }))
}

# Patients and seeds crossed, without replication: mean squares by aov, and lme4's components where the seeds' mean
# square is the larger one. Variances are those of a mean over all patients and seeds.
crossed_configuration <- function(right, cells) {
  seeds <- nrow(right)
  patients <- ncol(right)
  table <- data.frame(
    share = as.vector(right) / cells,
    seed = factor(rep(seq_len(seeds), patients)),
    patient = factor(rep(seq_len(patients), each = seeds))
  )
  squares <- summary(aov(share ~ patient + seed, data = table))[[1]][["Mean Sq"]]
  names(squares) <- c("patient", "seed", "interaction")
  result <- list(
    right = right,
    of_seeds = squares[["seed"]] / (patients * seeds),
    of_patients = min(squares[["interaction"]], squares[["seed"]]) / (patients * seeds)
  )
  if (squares[["seed"]] > squares[["interaction"]]) {
    control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
    fit <- lmer(share ~ 1 + (1 | patient) + (1 | seed), data = table, control = control)
    result$lme4_shared <- as.data.frame(VarCorr(fit))$vcov[2] / seeds
    stopifnot(as.data.frame(VarCorr(fit))$grp[2] == "seed")
  }
  result
}

# Two configurations on the same patients, by the definition that `Family::compare` states.
crossed <- function(name, seeds, patients, cells, luck, noise) {
  configurations <- lapply(1:2, function(place) {
    right <- shares(seeds[place], patients, cells, c(0.9, 0.85)[place], luck[place], noise)
    crossed_configuration(right, cells)
  })
  means <- lapply(configurations, function(of) colMeans(of$right) / cells)
  difference <- mean(means[[1]]) - mean(means[[2]])
  over_patients <- var(means[[1]] - means[[2]]) / patients
  of_seeds <- sapply(configurations, `[[`, "of_seeds")
  interaction <- sum(sapply(configurations, `[[`, "of_patients"))
  over_seeds <- sum(of_seeds)
  welch <- over_seeds^2 / sum(of_seeds^2 / (seeds - 1))
  variance <- over_patients + over_seeds - interaction
  df <- variance^2 / (over_patients^2 / (patients - 1) + over_seeds^2 / welch)
  error <- sqrt(variance)
  list(
    name = name, cells = cells, configurations = configurations,
    difference = difference, patients = over_patients, seeds = over_seeds, seeds_degrees_of_freedom = welch,
    standard_error = error, degrees_of_freedom = df, t = difference / error,
    p = 2 * pt(-abs(difference / error), df), level = 0.95,
    interval = difference + c(-1, 1) * qt(0.975, df) * error
  )
}

# Four configurations in five folds of as many cells each: the interaction's mean square, which is the variance of one
# configuration on one fold; a difference of two averages five.
folds <- local({
  right <- matrix(rbinom(20, 80, plogis(rnorm(20, mean = 2, sd = 0.5))), nrow = 4)
  table <- data.frame(
    share = as.vector(right) / 80,
    configuration = factor(rep(1:4, 5)),
    fold = factor(rep(1:5, each = 4))
  )
  test <- summary(aov(share ~ fold + configuration, data = table))[[1]]
  list(cells = 80, right = right, variance = 2 * test[["Mean Sq"]][3] / 5, degrees_of_freedom = test[["Df"]][3])
})

golden <- list(
  r = paste(R.version$major, R.version$minor, sep = "."),
  club_sandwich = as.character(packageVersion("clubSandwich")),
  lme4 = as.character(packageVersion("lme4")),
  weighted_means = lapply(names(patterns), weighted_mean),
  crossed = list(
    crossed("lucky seeds", c(5, 5), 25, 16, c(0.35, 0.35), 0.2),
    crossed("one lucky", c(3, 4), 40, 10, c(0.5, 0.05), 0.3),
    crossed("alike", c(4, 4), 30, 20, c(0, 0), 0.5)
  ),
  folds = folds
)
arguments <- commandArgs(trailingOnly = FALSE)
script <- sub("^--file=", "", grep("^--file=", arguments, value = TRUE))
write_json(golden, sub("[.]R$", ".json", script), auto_unbox = TRUE, digits = NA)
