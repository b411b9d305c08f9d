// Questions that are answered before the page goes on. Without this script they are a list and an answer to unfold.
//
// No model logic here: which answer is right, and why, was found out by the run and stands in the page.
'use strict';

(() => {
    // Who is sent to another page and comes back finds what was answered, for as long as the window is open.
    const memory = {
        key: (name) => `gridlock:${location.pathname}:${name}`,
        get(name) {
            try { return sessionStorage.getItem(this.key(name)); } catch { return null; }
        },
        set(name, value) {
            try { sessionStorage.setItem(this.key(name), value); } catch { /* a browser may forbid it */ }
        },
    };

    class Ask extends HTMLElement {
        connectedCallback() {
            if (this.classList.contains('gl-live')) return;
            const list = this.querySelector('ol');
            const answer = this.querySelector('details');
            if (!list || !answer) return;
            this.classList.add('gl-live');
            this.right = Number(this.dataset.right);
            this.name = this.dataset.name || `${this.dataset.kind}-${[...document.querySelectorAll('gridlock-ask')].indexOf(this)}`;
            this.answer = answer;
            this.choices = [...list.children].map((item, index) => this.choice(item, index));
            this.append(this.giveUpButton());
            const before = memory.get(this.name);
            if (before !== null) this.decide(Number(before), false);
        }

        choice(item, index) {
            const button = document.createElement('button');
            button.type = 'button';
            button.className = 'gl-choice';
            button.setAttribute('aria-pressed', 'false');
            button.append(...item.childNodes);
            button.addEventListener('click', () => this.decide(index, true));
            item.append(button);
            return button;
        }

        giveUpButton() {
            this.giveUp = document.createElement('button');
            this.giveUp.type = 'button';
            this.giveUp.className = 'gl-give-up';
            this.giveUp.textContent = this.dataset.kind === 'predict' ? 'Show it without a guess' : 'Show the answer';
            this.giveUp.addEventListener('click', () => this.decide(-1, true));
            return this.giveUp;
        }

        decide(chosen, now) {
            this.choices.forEach((button, index) => {
                button.disabled = true;
                button.setAttribute('aria-pressed', String(index === chosen));
                if (index === this.right) {
                    button.classList.add('gl-is-right');
                    this.mark(button, 'what the run says');
                } else if (index === chosen) {
                    this.mark(button, 'your guess');
                }
            });
            this.giveUp.remove();
            this.answer.open = true;
            memory.set(this.name, String(chosen));
            document.dispatchEvent(new CustomEvent('gridlock-decided', { detail: this.name }));
            if (now) this.answer.querySelector('summary').focus({ preventScroll: true });
        }

        mark(button, text) {
            const mark = document.createElement('span');
            mark.className = 'gl-mark';
            mark.textContent = text;
            button.prepend(mark);
        }
    }

    // A line that is drawn with a pointer over empty axes, and then the line of the run.
    class Draw extends HTMLElement {
        connectedCallback() {
            if (this.classList.contains('gl-live')) return;
            this.svg = this.querySelector('svg');
            this.answer = this.querySelector('details');
            if (!this.svg || !this.answer) return;
            this.classList.add('gl-live');
            this.name = this.dataset.name;
            this.guess = this.querySelector('.gl-guess');
            this.size = Object.fromEntries(['left', 'top', 'width', 'height'].map((key) => [key, Number(this.svg.dataset[key])]));
            this.heights = new Array(81).fill(null);
            this.listen();
            this.show = this.button('Show what the run says', () => this.reveal(true));
            const before = memory.get(this.name);
            if (before !== null) {
                this.restore(before);
                this.reveal(false);
            }
        }

        button(text, act) {
            const button = document.createElement('button');
            button.type = 'button';
            button.className = 'gl-give-up';
            button.textContent = text;
            button.addEventListener('click', act);
            this.append(button);
            return button;
        }

        listen() {
            let last = null;
            const at = (event) => {
                const box = this.svg.getBoundingClientRect();
                const scale = this.svg.viewBox.baseVal.width / box.width;
                const x = ((event.clientX - box.left) * scale - this.size.left) / this.size.width;
                const y = ((event.clientY - box.top) * scale - this.size.top) / this.size.height;
                return [Math.round(Math.min(1, Math.max(0, x)) * (this.heights.length - 1)), Math.min(1, Math.max(0, y))];
            };
            this.svg.addEventListener('pointerdown', (event) => {
                if (this.done) return;
                event.preventDefault();
                this.svg.setPointerCapture(event.pointerId);
                last = at(event);
                this.draw(last, last);
            });
            this.svg.addEventListener('pointermove', (event) => {
                if (!last || this.done) return;
                const next = at(event);
                this.draw(last, next);
                last = next;
            });
            for (const end of ['pointerup', 'pointercancel']) this.svg.addEventListener(end, () => { last = null; });
        }

        // Sets the heights between two places of the pointer.
        draw([from, high], [to, low]) {
            const steps = Math.abs(to - from);
            for (let n = 0; n <= steps; n += 1) {
                const share = steps ? n / steps : 1;
                this.heights[from + Math.sign(to - from) * n] = high + (low - high) * share;
            }
            this.paint();
        }

        paint() {
            const { left, top, width, height } = this.size;
            const point = (y, n) => (y === null ? null : `${(left + (width * n) / (this.heights.length - 1)).toFixed(1)},${(top + height * y).toFixed(1)}`);
            this.guess.setAttribute('points', this.heights.map(point).filter((text) => text !== null).join(' '));
        }

        restore(text) {
            try { this.heights = JSON.parse(text); this.paint(); } catch { /* another version wrote it */ }
        }

        reveal(now) {
            this.done = true;
            this.classList.add('gl-decided');
            this.show.remove();
            this.answer.open = true;
            memory.set(this.name, JSON.stringify(this.heights));
            document.dispatchEvent(new CustomEvent('gridlock-decided', { detail: this.name }));
            if (now) this.answer.querySelector('summary').focus({ preventScroll: true });
        }
    }

    // Covers what would give a prediction away.
    class Reveal extends HTMLElement {
        connectedCallback() {
            const after = this.dataset.after;
            const asked = [...document.querySelectorAll('gridlock-ask, gridlock-draw')].some((ask) => ask.dataset.name === after);
            if (!asked || memory.get(after) !== null || this.querySelector('.gl-covered')) return;
            const cover = document.createElement('button');
            cover.type = 'button';
            cover.className = 'gl-covered gl-give-up';
            cover.textContent = this.dataset.cover ?? 'This waits for your prediction above. Show it all the same.';
            const open = () => { this.classList.remove('gl-hidden'); cover.remove(); };
            cover.addEventListener('click', open);
            document.addEventListener('gridlock-decided', (event) => { if (event.detail === after) open(); });
            this.prepend(cover);
            this.classList.add('gl-hidden');
        }
    }

    // A page that shows the whole book is for paper: nothing is hidden in it.
    if (!/print\.html$/.test(location.pathname)) {
        customElements.define('gridlock-ask', Ask);
        customElements.define('gridlock-draw', Draw);
        customElements.define('gridlock-reveal', Reveal);
    }
})();
