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

    // Covers what would give a prediction away.
    class Reveal extends HTMLElement {
        connectedCallback() {
            const after = this.dataset.after;
            const asked = [...document.querySelectorAll('gridlock-ask')].some((ask) => ask.dataset.name === after);
            if (!asked || memory.get(after) !== null || this.querySelector('.gl-covered')) return;
            const cover = document.createElement('button');
            cover.type = 'button';
            cover.className = 'gl-covered gl-give-up';
            cover.textContent = 'The figure waits for your prediction above. Show it all the same.';
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
        customElements.define('gridlock-reveal', Reveal);
    }
})();
