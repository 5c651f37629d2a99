//! RESULT lines: one figure each, for people and scripts: `RESULT <name> <figure> <unit> bar=<bar> ok`.

use std::io::Write as _;

/// What a figure should reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Exactly this.
    Exactly(f64),
    /// It is only told.
    None,
}

impl Bar {
    /// At most so many.
    pub fn at_most(most: usize) -> Self {
        Self::AtMost(float(most))
    }

    /// At least so many.
    pub fn at_least(least: usize) -> Self {
        Self::AtLeast(float(least))
    }

    /// Exactly so many.
    pub fn exactly(exact: usize) -> Self {
        Self::Exactly(float(exact))
    }
}

/// Prints figures and remembers whether one fell short.
#[derive(Debug, Default)]
pub struct Results {
    told: Vec<String>,
    short: Vec<String>,
}

impl Results {
    /// One figure.
    pub fn tell(&mut self, name: &str, figure: f64, unit: &str, bar: Bar) {
        let (word, reached) = match bar {
            Bar::AtLeast(least) => (format!(">={least}"), figure >= least),
            Bar::AtMost(most) => (format!("<={most}"), figure <= most),
            Bar::Exactly(exact) => (format!("{exact}"), (figure - exact).abs() < f64::EPSILON),
            Bar::None => ("none".to_owned(), true),
        };
        let verdict = if reached { "ok" } else { "short" };
        if !reached {
            self.short.push(name.to_owned());
        }
        say(&format!("RESULT {name} {} {unit} bar={word} {verdict}", shown(figure)));
        let mark = if reached { "" } else { " (short)" };
        self.told.push(format!("{name} {}{mark}", shown(figure)));
    }

    /// One count.
    pub fn count(&mut self, name: &str, figure: usize, unit: &str, bar: Bar) {
        self.tell(name, float(figure), unit, bar);
    }

    /// All figures, in the order they were told.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    /// The figures that fell short.
    pub fn short(&self) -> &[String] {
        &self.short
    }

    /// Fails when a figure fell short.
    ///
    /// # Errors
    /// Names them.
    pub fn finish(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.short.is_empty(), "these fell short: {}", self.short.join(", "));
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(n: usize) -> f64 {
    n as f64
}

fn shown(figure: f64) -> String {
    if figure.fract() == 0.0 { format!("{figure:.0}") } else { format!("{figure:.3}") }
}

/// A line for whoever watches.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to stop measuring.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
